//! Access keys of an instance whose server is stopped, by whoever has the root key: the way back in when the only access key
//! is lost.

use std::path::Path;

use claviger_base::id::AccessKeyId;
use claviger_base::{Clock, SecretBytes};
use claviger_model::AccessKey;
use claviger_service::{AccessKeyChange, Intent, ServiceError, list_access_keys};
use claviger_vault::Vault;

use crate::error::StartError;
use crate::stopped_vault;

/// An instance that no server has open, as long as this lives.
#[derive(Debug)]
pub struct StoppedInstance {
    vault: Vault,
}

/// A new access key, shown once.
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
    /// Whether it may be used.
    pub is_active: bool,
    /// When it was made.
    pub created: String,
}

impl StoppedInstance {
    /// Opens the instance.
    ///
    /// # Errors
    /// [`StartError`]; also when a server runs on it.
    pub fn open(data_dir: &Path, root_key_file: &Path) -> Result<Self, StartError> {
        Ok(Self { vault: stopped_vault::open(data_dir, root_key_file)? })
    }

    /// The access keys.
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

    /// Makes one more.
    ///
    /// # Errors
    /// [`StartError`]; when as many as may exist do so.
    pub fn create_access_key(&self) -> Result<NewAccessKey, StartError> {
        let made = self.change(&Intent::local("CreateAccessKey")?).create()?;
        Ok(NewAccessKey { id: made.id.to_string(), secret: made.secret })
    }

    /// Makes one usable, or refused.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn set_access_key_active(&self, id: &str, is_active: bool) -> Result<(), StartError> {
        Ok(self.change(&Intent::local("UpdateAccessKey")?).set_active(&parsed(id)?, is_active)?)
    }

    /// Removes one; also the last.
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
