//! Changing a key's record: read, decide, commit under the precondition that nobody changed it meanwhile.
//!
//! **Invariant:** a key record and its due date change in the same commit, so the scheduler never misses one.

use claviger_base::Timestamp;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{Alias, Key, KeyAction, KeyMaterial, KeySpec, KeyVersion};
use claviger_vault::{Due, Outcome, Stored};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::key_material;
use crate::key_ref::KeyRef;
use crate::retry::until_done;
use crate::service::Service;

impl Service {
    /// Replaces the key that `key` names by what `edit` makes of it. Blocks.
    pub(crate) fn edit_key(
        &self,
        key: &KeyRef,
        intent: &Intent,
        edit: impl Fn(&Key) -> Result<Key, ServiceError>,
    ) -> Result<Key, ServiceError> {
        until_done(|| {
            let stored = self.stored_key(key)?;
            let edited = edit(&stored.record)?;
            self.try_edit(&stored, edited, intent)
        })
    }

    /// One try at putting `edited` in the place of the key; `None` when somebody else changed it first. Where nothing is
    /// different nothing is written, and the request's own record says all there is.
    pub(crate) fn try_edit(
        &self,
        stored: &Stored<Key>,
        edited: Key,
        intent: &Intent,
    ) -> Result<Option<Key>, ServiceError> {
        let is_done = edited == stored.record || self.replace_key(stored, &edited, None, intent)? == Replaced::Done;
        Ok(is_done.then_some(edited))
    }

    /// Makes a new primary version of the key that `key` names. Blocks.
    pub(crate) fn rotate_key(&self, key: &KeyRef, intent: &Intent) -> Result<KeyVersion, ServiceError> {
        until_done(|| self.try_rotate(&self.stored_key(key)?, intent))
    }

    /// One try at a new primary version; `None` when somebody else changed the key first.
    pub(crate) fn try_rotate(&self, stored: &Stored<Key>, intent: &Intent) -> Result<Option<KeyVersion>, ServiceError> {
        let key = &stored.record;
        key.state.allows(KeyAction::Rotate)?;
        // rpc-api 8.4: symmetric keys rotate, asymmetric keys get one more version that can be named, HMAC keys neither.
        if !key.spec.is_symmetric() && !key.spec.is_asymmetric() {
            return Err(ServiceError::Unsupported);
        }
        let (rotated, version) = self.rotated(key)?;
        match self.replace_key(stored, &rotated, Some(&version), intent)? {
            Replaced::Done => Ok(Some(version.version)),
            Replaced::SomebodyWasFaster => Ok(None),
        }
    }

    /// `key` with a new primary version, and that version; nothing is stored yet.
    pub(crate) fn rotated(&self, key: &Key) -> Result<(Key, KeyMaterial), ServiceError> {
        let now = self.clock.now();
        let number = key.version_count.checked_add(1).ok_or(ServiceError::Unsupported)?;
        let version = self.new_version(&key.id, key.spec, number, now)?;
        Ok((key.rotated_at(version.version.id.clone(), now), version))
    }

    /// The key record that `key` names, read past the cache: changes are decided on what is stored. Blocks.
    pub(crate) fn stored_key(&self, key: &KeyRef) -> Result<Stored<Key>, ServiceError> {
        let id = match key {
            KeyRef::Id(id) => id.clone(),
            KeyRef::Alias(name) => self.vault.get::<Alias>(name)?.ok_or(ServiceError::AliasNotFound)?.record.key,
        };
        let stored = self.vault.get::<Key>(&id)?.ok_or(ServiceError::KeyNotFound)?;
        self.refuse_destroyed(&stored.record)?;
        Ok(stored)
    }

    /// A new version of `key` with fresh material. Blocks.
    pub(crate) fn new_version(
        &self,
        key: &KeyId,
        spec: KeySpec,
        number: u32,
        now: Timestamp,
    ) -> Result<KeyMaterial, ServiceError> {
        let id = KeyVersionId::generate(key)?;
        let version = KeyVersion { id, key: key.clone(), number, created: now.whole_second() };
        Ok(KeyMaterial { version, material: key_material::generate(spec, &self.generator)? })
    }

    pub(crate) fn replace_key(
        &self,
        stored: &Stored<Key>,
        edited: &Key,
        new_version: Option<&KeyMaterial>,
        intent: &Intent,
    ) -> Result<Replaced, ServiceError> {
        let old = &stored.record;
        let mut change = self.vault.change().update(stored, edited)?;
        if let Some(version) = new_version {
            change = change.create(version)?.create(&version.version)?;
        }
        if old.due() != edited.due() {
            if let Some(at) = old.due() {
                change = change.delete(&Due { at, key: old.id.clone() });
            }
            if let Some(at) = edited.due() {
                change = change.put(&Due { at, key: old.id.clone() })?;
            }
        }
        let changed = Changed::key(&old.id).with_version(new_version.map(|version| &version.version.id));
        Ok(match self.commit(change, intent, changed)? {
            Outcome::Done(_) => Replaced::Done,
            Outcome::Conflict => Replaced::SomebodyWasFaster,
        })
    }
}

/// Whether a key record was replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replaced {
    Done,
    SomebodyWasFaster,
}
