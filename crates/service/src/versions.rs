//! `CreateKeyVersion`, `ListKeyVersions`, `DescribeKeyVersion` (rpc-api 7.2, 8.4).

mod rotate;

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{KeyMaterial, KeyVersion};
use claviger_vault::{Cursor, Page};

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_ref::KeyRef;
use crate::paging::{PageRequest, SCAN_STEP};
use crate::retry::retry_on_conflict;
use crate::service::Service;

/// One page of a key's versions, oldest first.
#[derive(Debug, Clone)]
pub struct KeyVersionListing {
    /// The key.
    pub key_id: KeyId,
    /// The page.
    pub versions: Vec<KeyVersion>,
    /// How many there are in all.
    pub total: usize,
}

impl Service {
    /// Makes a new primary version at once. Blocks, as do all functions below.
    ///
    /// # Errors
    /// Those of finding the key; [`ServiceError::State`]; [`ServiceError::Unsupported`] for a key that cannot rotate.
    pub fn create_key_version(&self, key: &KeyRef, intent: &Intent) -> Result<KeyVersion, ServiceError> {
        retry_on_conflict(|| self.try_rotate(&self.stored_key(key)?, intent))
    }

    /// The versions of a key.
    ///
    /// # Errors
    /// Those of finding the key.
    pub fn list_key_versions(&self, key: &KeyRef, page: PageRequest) -> Result<KeyVersionListing, ServiceError> {
        let key_id = self.stored_key(key)?.record.id;
        let read = |after: Option<&Cursor>| -> Result<Page<KeyVersion>, ServiceError> {
            Ok(self.vault.list_of::<KeyVersion>(&key_id, after, SCAN_STEP)?)
        };
        let (versions, total) = page.collect(read, Some)?;
        Ok(KeyVersionListing { key_id, versions, total })
    }

    /// One version of a key.
    ///
    /// # Errors
    /// Those of finding the key; [`ServiceError::KeyVersionNotFound`] when the version does not exist or belongs to another
    /// key.
    pub fn describe_key_version(&self, key: &KeyRef, version: &KeyVersionId) -> Result<KeyVersion, ServiceError> {
        let key_id = self.stored_key(key)?.record.id;
        let stored = self.vault.get::<KeyMaterial>(version)?.ok_or(ServiceError::KeyVersionNotFound)?;
        let version = stored.record.version;
        if version.key == key_id { Ok(version) } else { Err(ServiceError::KeyVersionNotFound) }
    }
}
