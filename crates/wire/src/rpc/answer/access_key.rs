//! The answers about access keys, in the forms of RAM's actions of these names (docs/compatibility.md).

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// CreateAccessKey. The secret is in here and nowhere else.
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
