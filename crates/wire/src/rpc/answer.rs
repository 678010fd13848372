//! The JSON answers (rpc-api 4.1, 7, 8): what the server writes and the client reads.
//!
//! Lists are wrapped and always present, also when empty; every answer has `RequestId` and no `Code`; text is raw UTF-8,
//! because the old Java reader does not decode `\uXXXX`. Dates are `yyyy-MM-ddTHH:mm:ssZ`.

pub mod access;
pub mod access_key;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::RpcError;

/// The bytes of a successful answer.
///
/// # Errors
/// [`RpcError::InternalFailure`], which no answer of this file can cause.
pub fn encode(answer: &impl Serialize) -> Result<Vec<u8>, RpcError> {
    serde_json::to_vec(answer).map_err(|_impossible| RpcError::InternalFailure)
}

/// Reads a successful answer; `None` if it is not of that shape. Unknown fields are ignored.
#[must_use]
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion, CreateAlias, DeleteAlias, UpdateRotationPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Acknowledged {
    /// Lower-case UUID.
    pub request_id: String,
}

/// CreateKey, DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The key.
    pub key_metadata: KeyMetadata,
}

/// A key as CreateKey and DescribeKey show it (rpc-api 7.1). `None` is left out of the JSON; empty text is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct KeyMetadata {
    /// Key id.
    pub key_id: String,
    /// `acs:kms:<region>:<uid>:key/<KeyId>`.
    pub arn: String,
    /// Account uid.
    pub creator: String,
    /// Date.
    pub creation_date: String,
    /// May be empty.
    pub description: String,
    /// For example `Aliyun_AES_256`.
    pub key_spec: String,
    /// `ENCRYPT/DECRYPT` or `SIGN/VERIFY`.
    pub key_usage: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` or `PendingImport`.
    pub key_state: String,
    /// `Aliyun_KMS` or `EXTERNAL`.
    pub origin: String,
    /// `SOFTWARE` or `HSM`.
    pub protection_level: String,
    /// Date in PendingDeletion, empty otherwise.
    pub delete_date: String,
    /// Date for imported material that expires, empty otherwise.
    pub material_expire_time: String,
    /// `Enabled`, `Disabled` or `Suspended`.
    pub automatic_rotation: String,
    /// `<seconds>s`; only while rotation is Enabled or Suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_interval: Option<String>,
    /// Date; only while rotation is Enabled or Suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_rotation_date: Option<String>,
    /// Creation date of the newest version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_rotation_date: Option<String>,
    /// Key version id; symmetric keys only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key_version: Option<String>,
    /// Instance keys only.
    #[serde(rename = "DKMSInstanceId", skip_serializing_if = "Option::is_none")]
    pub dkms_instance_id: Option<String>,
    /// `Enabled` or `Disabled`; DescribeKey only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<String>,
    /// DescribeKey only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection_description: Option<String>,
}

/// Declares a paged list answer: `{"<Outer>":{"<Inner>":[...]},"PageNumber":..,"PageSize":..,"TotalCount":..}`.
macro_rules! list_answer {
    ($(#[$doc:meta])* $answer:ident, $outer:ident: $outer_type:ident, $inner:ident: $entry:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $answer {
            /// Lower-case UUID.
            pub request_id: String,
            /// The list, wrapped.
            pub $outer: $outer_type,
            /// The page asked for, from 1.
            pub page_number: u32,
            /// The page size asked for.
            pub page_size: u32,
            /// All entries after filtering, over all pages.
            pub total_count: u64,
        }

        /// The list inside its wrapper.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $outer_type {
            /// This page's entries; written also when empty.
            pub $inner: Vec<$entry>,
        }
    };
}

list_answer! {
    /// ListKeys.
    ListKeysAnswer, keys: Keys, key: KeyEntry
}

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyEntry {
    /// Key id.
    pub key_id: String,
    /// Its ARN.
    pub key_arn: String,
}

list_answer! {
    /// ListAliases.
    ListAliasesAnswer, aliases: Aliases, alias: AliasEntry
}

/// An alias in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AliasEntry {
    /// `alias/<name>`.
    pub alias_name: String,
    /// Its ARN.
    pub alias_arn: String,
    /// The key it stands for.
    pub key_id: String,
}

list_answer! {
    /// ListKeyVersions.
    ListKeyVersionsAnswer, key_versions: KeyVersions, key_version: KeyVersion
}

/// A key version, in a list and alone.
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

/// CreateKeyVersion, DescribeKeyVersion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyVersionAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The version.
    pub key_version: KeyVersion,
}

/// CreateClientKey. The private half is in here and nowhere else: the caller wipes what it encodes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateClientKeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// `KAAP.<uuid>`.
    pub client_key_id: String,
    /// `RSA_2048`.
    pub key_algorithm: String,
    /// Base64 of PKCS#12 under the caller's password.
    pub private_key_data: String,
    /// Date.
    pub not_before: String,
    /// Date.
    pub not_after: String,
}

impl std::fmt::Debug for CreateClientKeyAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateClientKeyAnswer").field("client_key_id", &self.client_key_id).finish_non_exhaustive()
    }
}

/// ListClientKeys: a flat array, no pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListClientKeysAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The list.
    pub client_keys: Vec<ClientKeyEntry>,
}

/// A client key in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientKeyEntry {
    /// The application access point.
    pub aap_name: String,
    /// `KAAP.<uuid>`.
    pub client_key_id: String,
    /// Date.
    pub create_time: String,
    /// `RSA_2048`.
    pub key_algorithm: String,
    /// `KMS_PROVIDED`.
    pub key_origin: String,
    /// Date.
    pub not_before: String,
    /// Date.
    pub not_after: String,
    /// The certificate, PEM.
    pub public_key_data: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: &impl Serialize) -> String {
        String::from_utf8(encode(answer).unwrap()).unwrap()
    }

    #[test]
    fn empty_lists_are_written() {
        let answer = ListKeysAnswer { request_id: "r".into(), page_number: 1, page_size: 10, ..Default::default() };
        let expected = "{\"RequestId\":\"r\",\"Keys\":{\"Key\":[]},\"PageNumber\":1,\"PageSize\":10,\"TotalCount\":0}";
        assert_eq!(text(&answer), expected);
        assert_eq!(decode(expected.as_bytes()), Some(answer));
        assert!(text(&ListAliasesAnswer::default()).contains("\"Aliases\":{\"Alias\":[]}"));
        assert!(text(&ListKeyVersionsAnswer::default()).contains("\"KeyVersions\":{\"KeyVersion\":[]}"));
    }

    #[test]
    fn empty_text_is_written_and_absence_is_not() {
        let written = text(&KeyMetadata { description: "\u{4e2d}\u{6587}".into(), ..Default::default() });
        let expected = "{\"KeyId\":\"\",\"Arn\":\"\",\"Creator\":\"\",\"CreationDate\":\"\",\"Description\":\"\u{4e2d}\u{6587}\",\
            \"KeySpec\":\"\",\"KeyUsage\":\"\",\"KeyState\":\"\",\"Origin\":\"\",\"ProtectionLevel\":\"\",\
            \"DeleteDate\":\"\",\"MaterialExpireTime\":\"\",\"AutomaticRotation\":\"\"}";
        assert_eq!(written, expected);
    }

    #[test]
    fn the_sample_of_the_specification_is_read() {
        let sample = "{\"RequestId\":\"381d5d33\",\"KeyMetadata\":{\"KeyId\":\"k\",\"Arn\":\"acs:kms:cn-hangzhou:1:key/k\",\
            \"Creator\":\"1\",\"CreationDate\":\"2026-01-02T03:04:05Z\",\"Description\":\"\",\"KeyState\":\"Enabled\",\
            \"KeyUsage\":\"ENCRYPT/DECRYPT\",\"KeySpec\":\"Aliyun_AES_256\",\"Origin\":\"Aliyun_KMS\",\
            \"ProtectionLevel\":\"SOFTWARE\",\"PrimaryKeyVersion\":\"v\",\"LastRotationDate\":\"2026-01-02T03:04:05Z\",\
            \"AutomaticRotation\":\"Disabled\",\"DeleteDate\":\"\",\"MaterialExpireTime\":\"\",\"New\":1}}";
        let answer: KeyAnswer = decode(sample.as_bytes()).unwrap();
        assert_eq!(answer.key_metadata.primary_key_version.as_deref(), Some("v"));
        assert_eq!(answer.key_metadata.rotation_interval, None);
        assert_eq!(decode::<KeyAnswer>(b"{\"RequestId\":\"r\"}"), None);
        assert_eq!(decode::<KeyVersionAnswer>(b"[]"), None);
    }

    #[test]
    fn versions_and_instances_have_their_names() {
        let metadata = KeyMetadata { dkms_instance_id: Some("kst-1".into()), ..Default::default() };
        assert!(text(&metadata).ends_with(",\"DKMSInstanceId\":\"kst-1\"}"));
        let key_version = KeyVersion { key_id: "k".into(), key_version_id: "v".into(), creation_date: "d".into() };
        let expected =
            "{\"RequestId\":\"r\",\"KeyVersion\":{\"KeyId\":\"k\",\"KeyVersionId\":\"v\",\"CreationDate\":\"d\"}}";
        assert_eq!(text(&KeyVersionAnswer { request_id: "r".into(), key_version }), expected);
    }
}
