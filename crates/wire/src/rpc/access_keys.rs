//! Access keys: CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, with the parameters and answers of the
//! RAM actions of these names (docs/compatibility.md). RAM's `UserName` is refused: access keys here belong to no RAM user.

use claviger_base::id::AccessKeyId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::error::RpcError;
use super::json::Acknowledged;
use super::parameters::Parameters;
use super::request::Documented::{self, NotServed, Served};
use super::request::Request;

/// The status of an access key that can sign requests.
pub const ACTIVE: &str = "Active";
/// The status of an access key whose requests are refused.
pub const INACTIVE: &str = "Inactive";

const USER_NAME: Documented = NotServed("UserName", &[]);

/// Creates an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccessKey;

impl Request for CreateAccessKey {
    type Answer = CreateAccessKeyAnswer;

    const PARAMETERS: &'static [Documented] = &[USER_NAME];

    fn read(_parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self)
    }
}

/// The answer of CreateAccessKey, the only one that contains the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateAccessKeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The new access key.
    pub access_key: NewAccessKey,
}

/// A new access key with its secret, which is wiped when this is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewAccessKey {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub access_key_secret: String,
    /// `Active`.
    pub status: String,
    /// Date.
    pub create_date: String,
}

impl std::fmt::Debug for NewAccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccessKey").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

impl Drop for NewAccessKey {
    fn drop(&mut self) {
        self.access_key_secret.zeroize();
    }
}

/// Lists access keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAccessKeys;

impl Request for ListAccessKeys {
    type Answer = ListAccessKeysAnswer;

    const PARAMETERS: &'static [Documented] = &[USER_NAME];

    fn read(_parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self)
    }
}

/// The answer of ListAccessKeys, which has no pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListAccessKeysAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The wrapped list.
    pub access_keys: AccessKeys,
}

/// The list inside its wrapper.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessKeys {
    /// Its entries.
    pub access_key: Vec<AccessKeyEntry>,
}

/// An access key in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessKeyEntry {
    /// Its id.
    pub access_key_id: String,
    /// `Active` or `Inactive`.
    pub status: String,
    /// Date.
    pub create_date: String,
}

/// Enables or disables an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateAccessKey {
    /// `UserAccessKeyId`, as in RAM: `AccessKeyId` is the key that the caller signs with.
    pub id: AccessKeyId,
    /// Whether `Status` is [`ACTIVE`].
    pub is_active: bool,
}

impl Request for UpdateAccessKey {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[Served("UserAccessKeyId"), Served("Status"), USER_NAME];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let id = user_access_key_id(parameters)?;
        let is_active = match parameters.required("Status")? {
            ACTIVE => true,
            INACTIVE => false,
            _ => return Err(RpcError::invalid("Status")),
        };
        Ok(Self { id, is_active })
    }
}

/// Removes an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteAccessKey {
    /// `UserAccessKeyId`.
    pub id: AccessKeyId,
}

impl Request for DeleteAccessKey {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[Served("UserAccessKeyId"), USER_NAME];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self { id: user_access_key_id(parameters)? })
    }
}

fn user_access_key_id(parameters: &Parameters) -> Result<AccessKeyId, RpcError> {
    AccessKeyId::parse(parameters.required("UserAccessKeyId")?).ok_or(RpcError::AccessKeyNotFound)
}
