//! Access keys: CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, in the forms of RAM's actions of these
//! names (docs/compatibility.md). RAM's `UserName` is refused: the access keys here belong to no user of RAM.

use claviger_base::id::AccessKeyId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::error::RpcError;
use super::json::Acknowledged;
use super::parameters::Parameters;
use super::request::Documented::{self, NotServed, Served};
use super::request::Request;

/// The status of an access key that may be used.
pub const ACTIVE: &str = "Active";
/// The status of an access key that is refused.
pub const INACTIVE: &str = "Inactive";

const USER_NAME: Documented = NotServed("UserName", &[]);

/// Makes an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccessKey;

impl Request for CreateAccessKey {
    type Answer = CreateAccessKeyAnswer;

    const PARAMETERS: &'static [Documented] = &[USER_NAME];

    fn read(_parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self)
    }
}

/// CreateAccessKey. Nothing else holds the secret.
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

/// ListAccessKeys: no pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListAccessKeysAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The list, wrapped.
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
    /// `UserAccessKeyId`, as RAM calls it: `AccessKeyId` is the caller's.
    pub id: AccessKeyId,
    /// Whether `Status` is [`ACTIVE`].
    pub is_active: bool,
}

impl Request for UpdateAccessKey {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[Served("UserAccessKeyId"), Served("Status"), USER_NAME];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let id = named(parameters)?;
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
        Ok(Self { id: named(parameters)? })
    }
}

fn named(parameters: &Parameters) -> Result<AccessKeyId, RpcError> {
    AccessKeyId::parse(parameters.required("UserAccessKeyId")?).ok_or(RpcError::AccessKeyMissing)
}
