//! Finding the key that a request names: through the caches for cryptographic use, from the store for a change.

use std::sync::Arc;

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{Alias, Key, KeyAction, KeyState, Target};
use claviger_vault::Stored;

use crate::access::Rights;
use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::key_ref::KeyRef;
use crate::service::Service;

impl Service {
    /// The id of the key that `key` names, whether that key exists or not.
    ///
    /// # Errors
    /// [`ServiceError::AliasNotFound`].
    pub async fn key_id(&self, key: &KeyRef) -> Result<KeyId, ServiceError> {
        match key {
            KeyRef::Id(id) => Ok(id.clone()),
            KeyRef::Alias(name) => {
                let key = self.caches.key_of_alias(name).await?.ok_or(ServiceError::AliasNotFound)?;
                Ok(key.as_ref().clone())
            }
        }
    }

    /// The key that `key` names, if `rights` and then its state allow cryptographic use (instance-api 2).
    pub(crate) async fn usable_key(&self, key: &KeyRef, rights: &Rights) -> Result<Arc<Key>, ServiceError> {
        let id = self.key_id(key).await?;
        let found = self.caches.key(&id).await?.ok_or(ServiceError::KeyNotFound)?;
        self.refuse_destroyed(&found)?;
        rights.require(Target::Key(&found.id)).map_err(|refusal| named_by_caller(refusal, key))?;
        found.state.allows(KeyAction::Use)?;
        Ok(found)
    }

    /// The key version `id`, unsealed; `None` when there is none.
    pub(crate) async fn key_version(&self, id: &KeyVersionId) -> Result<Option<Arc<UnsealedVersion>>, ServiceError> {
        self.caches.key_version(id).await
    }

    /// The record of the key that `key` names. It is read from the store and not from a cache, because a change is decided by
    /// what is stored. Blocks.
    pub(crate) fn stored_key(&self, key: &KeyRef) -> Result<Stored<Key>, ServiceError> {
        let id = match key {
            KeyRef::Id(id) => id.clone(),
            KeyRef::Alias(name) => self.vault.get::<Alias>(name)?.ok_or(ServiceError::AliasNotFound)?.record.key,
        };
        let stored = self.vault.get::<Key>(&id)?.ok_or(ServiceError::KeyNotFound)?;
        self.refuse_destroyed(&stored.record)?;
        Ok(stored)
    }

    /// A key whose pending window is over counts as destroyed, even before the scheduler has destroyed it.
    ///
    /// # Errors
    /// [`ServiceError::KeyNotFound`].
    fn refuse_destroyed(&self, key: &Key) -> Result<(), ServiceError> {
        let is_destroyed = key.state == KeyState::PendingDeletion && key.is_destruction_due_at(self.trusted.now());
        if is_destroyed { Err(ServiceError::KeyNotFound) } else { Ok(()) }
    }
}

/// Makes the refusal name the key as the caller wrote it: a caller without permission must not learn which key an alias is
/// bound to.
fn named_by_caller(refusal: ServiceError, key: &KeyRef) -> ServiceError {
    match (refusal, key) {
        (ServiceError::NoPermission(_id), KeyRef::Alias(name)) => ServiceError::NoPermission(name.to_string()),
        (refusal, KeyRef::Id(_) | KeyRef::Alias(_)) => refusal,
    }
}
