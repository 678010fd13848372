//! Changing a key's record: read, decide, and commit on condition that the record is still the one that was read.
//!
//! **Invariant:** a key record and its due date change in the same commit, so the scheduler never misses one.

use claviger_model::{Key, KeyMaterial};
use claviger_vault::{Due, Outcome, Stored};

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::key_ref::KeyRef;
use crate::retry::retry_on_conflict;
use crate::service::Service;

impl Service {
    /// Replaces the key that `key` names with the result of `edit`. Blocks.
    pub(crate) fn edit_key(
        &self,
        key: &KeyRef,
        intent: &Intent,
        edit: impl Fn(&Key) -> Result<Key, ServiceError>,
    ) -> Result<Key, ServiceError> {
        retry_on_conflict(|| {
            let stored = self.stored_key(key)?;
            let edited = edit(&stored.record)?;
            self.try_edit(&stored, edited, intent)
        })
    }

    /// One attempt to replace the key by `edited`; `None` on a conflict. A key that stays the same is not written: no change
    /// needs recording, and the request has an audit record of its own.
    pub(super) fn try_edit(
        &self,
        stored: &Stored<Key>,
        edited: Key,
        intent: &Intent,
    ) -> Result<Option<Key>, ServiceError> {
        if edited == stored.record {
            return Ok(Some(edited));
        }
        let outcome = self.replace_key(stored, &edited, None, intent)?;
        Ok(matches!(outcome, Outcome::Done(_)).then_some(edited))
    }

    /// Commits `edited` in place of the key that was read, together with its due date and, if there is one, a new version.
    pub(crate) fn replace_key(
        &self,
        stored: &Stored<Key>,
        edited: &Key,
        new_version: Option<&KeyMaterial>,
        intent: &Intent,
    ) -> Result<Outcome, ServiceError> {
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
        let subject = Subject::key(&old.id).with_version(new_version.map(|version| &version.version.id));
        self.commit(change, intent, subject)
    }
}
