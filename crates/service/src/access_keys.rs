//! Access keys of the control plane: made, listed, disabled and enabled, deleted; after RAM's actions of these names.
//!
//! The rules: at most [`ACCESS_KEYS_MAX`] exist at once; through a running server the last active one stays. Every change
//! writes the instance's record again, so that two changes at once are decided one after the other.
//!
//! [`AccessKeyChange`] works on a vault, so that the owner of the root key makes the same changes while no server runs.

use claviger_base::id::AccessKeyId;
use claviger_base::{SecretBytes, Timestamp, random};
use claviger_model::{AccessKey, Instance};
use claviger_vault::{Audit, Change, Outcome, Stored, Vault, VaultError};

use crate::error::{ACCESS_KEYS_MAX, ServiceError};
use crate::intent::{Changed, Intent};
use crate::retry::until_done;
use crate::service::Service;

/// Characters of a secret, as long as Alibaba Cloud's.
const SECRET_CHARS: usize = 30;
/// More than can exist; older stores may hold what other rules allowed.
const LISTED_MAX: usize = 100;

/// Makes an access key without storing it.
pub(crate) fn make(now: Timestamp) -> Result<AccessKey, ServiceError> {
    Ok(AccessKey {
        id: AccessKeyId::generate()?,
        secret: SecretBytes::new(random::base36(SECRET_CHARS)?.into_bytes()),
        created: now.whole_second(),
        is_active: true,
    })
}

/// Changes of the access keys in a vault. Blocks.
#[derive(Debug, Clone, Copy)]
pub struct AccessKeyChange<'a> {
    vault: &'a Vault,
    /// A running server, which brings the record of the change to its log; else the next start does.
    service: Option<&'a Service>,
    /// What the audit log is told.
    intent: &'a Intent,
    now: Timestamp,
    /// Whether the last active access key may go: only for the owner of the root key, who can make another.
    may_take_last: bool,
}

impl<'a> AccessKeyChange<'a> {
    /// Changes by the owner of the root key, while no server runs.
    #[must_use]
    pub fn of_owner(vault: &'a Vault, intent: &'a Intent, now: Timestamp) -> Self {
        Self { vault, service: None, intent, now, may_take_last: true }
    }

    fn of_caller(service: &'a Service, intent: &'a Intent) -> Self {
        Self { vault: &service.vault, service: Some(service), intent, now: service.clock.now(), may_take_last: false }
    }

    fn commit(&self, change: Change<'_>, id: &AccessKeyId) -> Result<Option<()>, ServiceError> {
        let changed = Changed::other(id.as_str());
        let outcome = match self.service {
            Some(service) => service.commit(change, self.intent, changed)?,
            // No line of the log is known to be older: the start looks for the entry in all of it.
            None => change.commit(Audit::Entries(&[self.intent.entry(changed, self.now, 0)]))?,
        };
        Ok(matches!(outcome, Outcome::Done(_)).then_some(()))
    }

    /// Makes one more.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyLimit`].
    pub fn create(&self) -> Result<AccessKey, ServiceError> {
        let made = make(self.now)?;
        until_done(|| {
            let instance = self.vault.single::<Instance>()?.ok_or(VaultError::Empty)?;
            if self.stored()?.len() >= ACCESS_KEYS_MAX {
                return Err(ServiceError::AccessKeyLimit);
            }
            let change = self.vault.change().update(&instance, &instance.record)?.create(&made)?;
            self.commit(change, &made.id)
        })?;
        Ok(made)
    }

    /// Makes one usable, or refused.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyNotFound`], [`ServiceError::LastActiveAccessKey`].
    pub fn set_active(&self, id: &AccessKeyId, is_active: bool) -> Result<(), ServiceError> {
        until_done(|| {
            let instance = self.vault.single::<Instance>()?.ok_or(VaultError::Empty)?;
            let stored = self.found(id, !is_active)?;
            let read = &stored.record;
            let secret = read.secret.duplicate();
            let changed = AccessKey { id: id.clone(), secret, created: read.created, is_active };
            let change = self.vault.change().update(&instance, &instance.record)?.update(&stored, &changed)?;
            self.commit(change, id)
        })
    }

    /// Removes one for ever.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyNotFound`], [`ServiceError::LastActiveAccessKey`].
    pub fn delete(&self, id: &AccessKeyId) -> Result<(), ServiceError> {
        until_done(|| {
            let instance = self.vault.single::<Instance>()?.ok_or(VaultError::Empty)?;
            let stored = self.found(id, true)?;
            let change = self.vault.change().update(&instance, &instance.record)?;
            let change = change.require(&stored).delete(&stored.record);
            self.commit(change, id)
        })
    }

    fn stored(&self) -> Result<Vec<Stored<AccessKey>>, ServiceError> {
        Ok(self.vault.list::<AccessKey>(None, LISTED_MAX)?.records)
    }

    /// The access key `id`; refused when it `goes` and no other active one is left.
    fn found(&self, id: &AccessKeyId, goes: bool) -> Result<Stored<AccessKey>, ServiceError> {
        let stored = self.vault.get::<AccessKey>(id)?.ok_or(ServiceError::AccessKeyNotFound)?;
        if goes && stored.record.is_active && !self.may_take_last {
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
    /// The access keys, by id. Blocks, as all below.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_access_keys(&self) -> Result<Vec<AccessKey>, ServiceError> {
        list_access_keys(&self.vault)
    }

    /// Makes one more.
    ///
    /// # Errors
    /// [`ServiceError::AccessKeyLimit`].
    pub fn create_access_key(&self, intent: &Intent) -> Result<AccessKey, ServiceError> {
        AccessKeyChange::of_caller(self, intent).create()
    }

    /// Makes one usable, or refused from the next request on.
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

    /// Removes one for ever.
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

    fn furnished() -> Vault {
        let dir = tempfile::tempdir().unwrap();
        let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
        let vault = Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap();
        first_start::<ServiceError>(&vault, &Clock::default(), |_handed_out| Ok(())).unwrap();
        vault
    }

    /// Changes as a caller makes them, without a server.
    fn of_caller<'a>(vault: &'a Vault, intent: &'a Intent) -> AccessKeyChange<'a> {
        AccessKeyChange { may_take_last: false, ..AccessKeyChange::of_owner(vault, intent, Timestamp::default()) }
    }

    #[test]
    fn two_exist_at_once_and_the_last_active_one_stays() {
        let vault = furnished();
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
            let vault = furnished();
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
