//! Access keys of the control plane: created, listed, enabled, disabled and deleted, like the RAM actions of these names.
//!
//! At most [`ACCESS_KEYS_MAX`] exist at once, and a running server never disables or deletes the last active one. Every change
//! rewrites the instance's record, so that simultaneous changes conflict and are decided one after the other.
//!
//! [`AccessKeyChange`] works on a vault, because the owner of the root key makes the same changes while no server runs.

use claviger_base::id::AccessKeyId;
use claviger_base::{SecretBytes, Timestamp, random};
use claviger_model::{AccessKey, Instance};
use claviger_vault::{Audit, Change, Outcome, Stored, Vault, VaultError};

use crate::error::{ACCESS_KEYS_MAX, ServiceError};
use crate::intent::{Intent, Subject};
use crate::retry::retry_on_conflict;
use crate::service::Service;

/// Characters of a secret, as many as at Alibaba Cloud.
const SECRET_CHARS: usize = 30;
/// More access keys than any store contains, even a store of an earlier version without a limit.
const LISTED_MAX: usize = 100;

/// Generates an access key without storing it.
pub(crate) fn generate(now: Timestamp) -> Result<AccessKey, ServiceError> {
    Ok(AccessKey {
        id: AccessKeyId::generate()?,
        secret: SecretBytes::new(random::base36(SECRET_CHARS)?.into_bytes()),
        created: now.whole_second(),
        is_active: true,
    })
}

/// Changes access keys in a vault. Blocks.
#[derive(Debug, Clone, Copy)]
pub struct AccessKeyChange<'a> {
    vault: &'a Vault,
    /// The running server, which writes the audit record to its log. `None` if no server runs: the next start then writes the
    /// record.
    service: Option<&'a Service>,
    intent: &'a Intent,
    now: Timestamp,
    /// Whether the last active access key may be disabled or deleted. Only the owner of the root key may do this, because the
    /// owner can create another one.
    may_remove_last: bool,
}

impl<'a> AccessKeyChange<'a> {
    /// Changes by the owner of the root key, while no server runs.
    #[must_use]
    pub fn of_owner(vault: &'a Vault, intent: &'a Intent, now: Timestamp) -> Self {
        Self { vault, service: None, intent, now, may_remove_last: true }
    }

    fn of_caller(service: &'a Service, intent: &'a Intent) -> Self {
        Self { vault: &service.vault, service: Some(service), intent, now: service.clock.now(), may_remove_last: false }
    }

    fn commit(&self, change: Change<'_>, id: &AccessKeyId) -> Result<Option<()>, ServiceError> {
        let subject = Subject::other(id.as_str());
        let outcome = match self.service {
            Some(service) => service.commit(change, self.intent, subject)?,
            // It is not known which lines of the log are older than the change, so the next start searches the whole log for
            // the record.
            None => change.commit(Audit::Entries(&[self.intent.entry(subject, self.now, 0)]))?,
        };
        Ok(matches!(outcome, Outcome::Done(_)).then_some(()))
    }

    /// Creates an access key.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyLimit`].
    pub fn create(&self) -> Result<AccessKey, ServiceError> {
        let made = generate(self.now)?;
        retry_on_conflict(|| {
            let instance = self.vault.single::<Instance>()?.ok_or(VaultError::Empty)?;
            if self.stored()?.len() >= ACCESS_KEYS_MAX {
                return Err(ServiceError::AccessKeyLimit);
            }
            let change = self.vault.change().update(&instance, &instance.record)?.create(&made)?;
            self.commit(change, &made.id)
        })?;
        Ok(made)
    }

    /// Enables or disables an access key.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyNotFound`], [`ServiceError::LastActiveAccessKey`].
    pub fn set_active(&self, id: &AccessKeyId, is_active: bool) -> Result<(), ServiceError> {
        retry_on_conflict(|| {
            let instance = self.vault.single::<Instance>()?.ok_or(VaultError::Empty)?;
            let stored = self.get(id, !is_active)?;
            let read = &stored.record;
            let secret = read.secret.duplicate();
            let changed = AccessKey { id: id.clone(), secret, created: read.created, is_active };
            let change = self.vault.change().update(&instance, &instance.record)?.update(&stored, &changed)?;
            self.commit(change, id)
        })
    }

    /// Deletes an access key.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyNotFound`], [`ServiceError::LastActiveAccessKey`].
    pub fn delete(&self, id: &AccessKeyId) -> Result<(), ServiceError> {
        retry_on_conflict(|| {
            let instance = self.vault.single::<Instance>()?.ok_or(VaultError::Empty)?;
            let stored = self.get(id, true)?;
            let change = self.vault.change().update(&instance, &instance.record)?;
            let change = change.require(&stored).delete(&stored.record);
            self.commit(change, id)
        })
    }

    fn stored(&self) -> Result<Vec<Stored<AccessKey>>, ServiceError> {
        Ok(self.vault.list::<AccessKey>(None, LISTED_MAX)?.records)
    }

    /// The access key `id`. Refuses to remove it if it is the last active one.
    fn get(&self, id: &AccessKeyId, removes: bool) -> Result<Stored<AccessKey>, ServiceError> {
        let stored = self.vault.get::<AccessKey>(id)?.ok_or(ServiceError::AccessKeyNotFound)?;
        if removes && stored.record.is_active && !self.may_remove_last {
            let has_other = self.stored()?.iter().any(|other| other.record.is_active && other.record.id != *id);
            if !has_other {
                return Err(ServiceError::LastActiveAccessKey);
            }
        }
        Ok(stored)
    }
}

/// The access keys in a vault, by id.
///
/// # Errors
/// When the vault fails.
pub fn list_access_keys(vault: &Vault) -> Result<Vec<AccessKey>, ServiceError> {
    Ok(vault.list::<AccessKey>(None, LISTED_MAX)?.records.into_iter().map(|stored| stored.record).collect())
}

impl Service {
    /// The access keys, by id. Blocks, as do all functions below.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_access_keys(&self) -> Result<Vec<AccessKey>, ServiceError> {
        list_access_keys(&self.vault)
    }

    /// Creates an access key.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyLimit`].
    pub fn create_access_key(&self, intent: &Intent) -> Result<AccessKey, ServiceError> {
        AccessKeyChange::of_caller(self, intent).create()
    }

    /// Enables or disables an access key, from the next request on.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyNotFound`], [`ServiceError::LastActiveAccessKey`].
    pub fn set_access_key_active(
        &self,
        id: &AccessKeyId,
        is_active: bool,
        intent: &Intent,
    ) -> Result<(), ServiceError> {
        AccessKeyChange::of_caller(self, intent).set_active(id, is_active)
    }

    /// Deletes an access key.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyNotFound`], [`ServiceError::LastActiveAccessKey`].
    pub fn delete_access_key(&self, id: &AccessKeyId, intent: &Intent) -> Result<(), ServiceError> {
        AccessKeyChange::of_caller(self, intent).delete(id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use claviger_base::Clock;
    use claviger_store::MemoryEngine;
    use claviger_vault::FileSeal;

    use super::*;
    use crate::bootstrap::first_start;

    fn initialised_vault() -> Vault {
        let dir = tempfile::tempdir().unwrap();
        let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
        let vault = Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap();
        first_start::<ServiceError>(&vault, &Clock::default(), |_handed_out| Ok(())).unwrap();
        vault
    }

    /// Changes without a server, but under the rules for callers.
    fn of_caller<'a>(vault: &'a Vault, intent: &'a Intent) -> AccessKeyChange<'a> {
        AccessKeyChange { may_remove_last: false, ..AccessKeyChange::of_owner(vault, intent, Timestamp::default()) }
    }

    #[test]
    fn two_exist_at_once_and_the_last_active_one_stays() {
        let vault = initialised_vault();
        let intent = Intent::local("test").unwrap();
        let keys = of_caller(&vault, &intent);
        let first = list_access_keys(&vault).unwrap().remove(0).id;
        assert!(matches!(keys.delete(&first), Err(ServiceError::LastActiveAccessKey)));
        assert!(matches!(keys.set_active(&first, false), Err(ServiceError::LastActiveAccessKey)));
        let second = keys.create().unwrap().id;
        assert!(matches!(keys.create(), Err(ServiceError::AccessKeyLimit)));
        keys.set_active(&first, false).unwrap();
        assert!(matches!(keys.delete(&second), Err(ServiceError::LastActiveAccessKey)), "the other one is inactive");
        keys.delete(&first).unwrap();
        assert!(matches!(keys.delete(&first), Err(ServiceError::AccessKeyNotFound)));
        let owner = AccessKeyChange::of_owner(&vault, &intent, Timestamp::default());
        owner.delete(&second).unwrap();
        assert_eq!(list_access_keys(&vault).unwrap().len(), 0);
        owner.create().unwrap();
    }

    #[test]
    fn two_that_disable_each_other_at_once_leave_one_active() {
        for _round in 0..20 {
            let vault = initialised_vault();
            let intents = [Intent::local("one").unwrap(), Intent::local("other").unwrap()];
            let first = list_access_keys(&vault).unwrap().remove(0).id;
            let ids = [first, of_caller(&vault, &Intent::local("make").unwrap()).create().unwrap().id];
            std::thread::scope(|scope| {
                for (id, intent) in ids.iter().zip(&intents) {
                    let vault = &vault;
                    scope.spawn(move || of_caller(vault, intent).set_active(id, false));
                }
            });
            assert_eq!(list_access_keys(&vault).unwrap().iter().filter(|key| key.is_active).count(), 1);
        }
    }
}
