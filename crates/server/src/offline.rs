//! Manages the access keys of a stopped server with the root key, for example after the only access key was lost.

use std::path::Path;

use claviger_base::id::AccessKeyId;
use claviger_base::{Clock, SecretBytes};
use claviger_model::AccessKey;
use claviger_service::{AccessKeyChange, Intent, ServiceError, list_access_keys};
use claviger_vault::Vault;

use crate::error::StartError;
use crate::stopped_vault;

/// An instance whose server is stopped. No server can open it while this value exists.
#[derive(Debug)]
pub struct StoppedInstance {
    vault: Vault,
}

/// A new access key. Its secret cannot be read again.
#[derive(Debug)]
pub struct NewAccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretBytes,
}

/// An access key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAccessKey {
    /// Its id.
    pub id: String,
    /// Whether it is enabled.
    pub is_active: bool,
    /// Its creation time.
    pub created: String,
}

impl StoppedInstance {
    /// Opens the instance.
    ///
    /// # Errors
    /// [`StartError`]; also when a server has the store open.
    pub fn open(data_dir: &Path, root_key_file: &Path) -> Result<Self, StartError> {
        Ok(Self { vault: stopped_vault::open(data_dir, root_key_file)? })
    }

    /// Lists the access keys.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn access_keys(&self) -> Result<Vec<ListedAccessKey>, StartError> {
        let listed = |key: AccessKey| ListedAccessKey {
            id: key.id.to_string(),
            is_active: key.is_active,
            created: key.created.to_string(),
        };
        Ok(list_access_keys(&self.vault)?.into_iter().map(listed).collect())
    }

    /// Creates an access key.
    ///
    /// # Errors
    /// [`StartError`]; also at the limit of access keys.
    pub fn create_access_key(&self) -> Result<NewAccessKey, StartError> {
        let made = self.change(&Intent::local("CreateAccessKey")?).create()?;
        Ok(NewAccessKey { id: made.id.to_string(), secret: made.secret })
    }

    /// Enables or disables an access key.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn set_access_key_active(&self, id: &str, is_active: bool) -> Result<(), StartError> {
        Ok(self.change(&Intent::local("UpdateAccessKey")?).set_active(&parsed(id)?, is_active)?)
    }

    /// Deletes an access key, even the last one.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn delete_access_key(&self, id: &str) -> Result<(), StartError> {
        Ok(self.change(&Intent::local("DeleteAccessKey")?).delete(&parsed(id)?)?)
    }
}

impl StoppedInstance {
    fn change<'a>(&'a self, intent: &'a Intent) -> AccessKeyChange<'a> {
        AccessKeyChange::of_owner(&self.vault, intent, Clock::default().now())
    }
}

fn parsed(id: &str) -> Result<AccessKeyId, StartError> {
    AccessKeyId::parse(id).ok_or(StartError::Service(ServiceError::AccessKeyNotFound))
}
