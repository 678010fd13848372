//! Key versions: CreateKeyVersion, ListKeyVersions, DescribeKeyVersion (rpc-api 8).

use claviger_base::id::KeyVersionId;
use serde::{Deserialize, Serialize};

use super::error::RpcError;
use super::page::{Page, page_answer};
use super::parameters::Parameters;
use super::request::Documented::{self, Served};
use super::request::{KEY_ID, PAGE_NUMBER, PAGE_SIZE, Request, one_parameter, text};

/// Default and largest page size; the latter is one more than that of other listings (rpc-api 8).
const PAGE_SIZE_DEFAULT: u32 = 10;
const PAGE_SIZE_MAX: u32 = 101;

one_parameter! {
    /// Rotates a key now.
    CreateKeyVersion { key_id: String = "KeyId", text } -> KeyVersionAnswer
}

/// Shows one version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeKeyVersion {
    /// `KeyId`.
    pub key_id: String,
    /// `KeyVersionId`.
    pub key_version_id: KeyVersionId,
}

impl Request for DescribeKeyVersion {
    type Answer = KeyVersionAnswer;

    const PARAMETERS: &'static [Documented] = &[KEY_ID, Served("KeyVersionId")];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let key_version_id = KeyVersionId::parse(parameters.required("KeyVersionId")?);
        let key_version_id = key_version_id.ok_or(RpcError::KeyVersionNotFound)?;
        Ok(Self { key_id: parameters.required("KeyId")?.to_owned(), key_version_id })
    }
}

/// The answer of CreateKeyVersion and DescribeKeyVersion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyVersionAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The version.
    pub key_version: KeyVersion,
}

/// Lists the versions of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListKeyVersions {
    /// `KeyId`.
    pub key_id: String,
    /// The requested page.
    pub page: Page,
}

impl Request for ListKeyVersions {
    type Answer = ListKeyVersionsAnswer;

    const PARAMETERS: &'static [Documented] = &[KEY_ID, PAGE_NUMBER, PAGE_SIZE];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let page = Page::read(parameters, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
        Ok(Self { key_id: parameters.required("KeyId")?.to_owned(), page })
    }
}

page_answer! {
    /// The answer of ListKeyVersions.
    ListKeyVersionsAnswer, key_versions: KeyVersions, key_version: KeyVersion
}

/// A key version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyVersion {
    /// Key id.
    pub key_id: String,
    /// Key version id, 36 characters.
    pub key_version_id: String,
    /// Date.
    pub creation_date: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::json::{decode, encode};

    fn text(answer: &impl Serialize) -> String {
        String::from_utf8(encode(answer).unwrap()).unwrap()
    }

    #[test]
    fn an_empty_list_is_encoded() {
        assert!(text(&ListKeyVersionsAnswer::default()).contains("\"KeyVersions\":{\"KeyVersion\":[]}"));
    }

    #[test]
    fn the_json_has_the_names_of_the_api() {
        let key_version = KeyVersion { key_id: "k".into(), key_version_id: "v".into(), creation_date: "d".into() };
        let expected =
            "{\"RequestId\":\"r\",\"KeyVersion\":{\"KeyId\":\"k\",\"KeyVersionId\":\"v\",\"CreationDate\":\"d\"}}";
        assert_eq!(text(&KeyVersionAnswer { request_id: "r".into(), key_version }), expected);
        assert_eq!(decode::<KeyVersionAnswer>(b"[]"), None);
    }
}
