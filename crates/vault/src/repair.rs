//! Repairing essential records from their copies, and copies from their originals.

use claviger_store::{Batch, Commit, Precondition, VersionedValue};

use crate::barrier;
use crate::copies::ESSENTIAL;
use crate::error::VaultError;
use crate::path;
use crate::vault::Vault;

impl Vault {
    /// Restores each essential record that is damaged or missing from its copy, and writes copies that are damaged, missing or
    /// outdated. What was damaged is logged and reported ([`Vault::damage`]). Concurrent writes are not overwritten.
    ///
    /// # Errors
    /// When the store fails: the first failure, after all records were tried.
    pub fn repair_essential(&self) -> Result<(), VaultError> {
        ESSENTIAL.map(|path| self.repair(path)).into_iter().collect()
    }

    /// Like [`Vault::repair_essential`], but for a vault in use, in which every essential record must exist: those that could not
    /// be repaired are noted as unreadable.
    ///
    /// # Errors
    /// See [`Vault::repair_essential`].
    pub fn check_essential(&self) -> Result<(), VaultError> {
        let repaired = self.repair_essential();
        let noted: Result<(), VaultError> = ESSENTIAL.map(|path| self.note_if_unreadable(path)).into_iter().collect();
        repaired.and(noted)
    }

    fn repair(&self, essential: &str) -> Result<(), VaultError> {
        let copy_path = path::copy_of(essential);
        let (first, copy) = (self.raw(essential)?, self.raw(&copy_path)?);
        let mut stored = [&first, &copy].into_iter().flatten().map(|entry| &entry.value);
        let sound = stored.find(|value| self.opens(essential, value)).cloned().or_else(|| self.in_memory(essential));
        let Some(sound) = sound else { return Ok(()) };
        let outcome = self.restore(essential, essential, first.as_ref(), &sound);
        outcome.and(self.restore(essential, &copy_path, copy.as_ref(), &sound))
    }

    fn note_if_unreadable(&self, essential: &str) -> Result<(), VaultError> {
        if !self.raw(essential)?.is_some_and(|entry| self.opens(essential, &entry.value)) {
            self.unreadable().note(essential);
        }
        Ok(())
    }

    /// Whether `value` is sound as the record of `path`, or as its copy.
    pub(crate) fn opens(&self, path: &str, value: &[u8]) -> bool {
        match path {
            path::KEYRING => value == self.sealed_keyring(),
            _ => barrier::is_sound(&self.keyring(), path, value),
        }
    }

    /// The stored bytes of a record that the vault keeps in memory.
    fn in_memory(&self, path: &str) -> Option<Vec<u8>> {
        (path == path::KEYRING).then(|| self.sealed_keyring().to_vec())
    }

    fn raw(&self, path: &str) -> Result<Option<VersionedValue>, VaultError> {
        Ok(self.engine().get(path.as_bytes())?)
    }

    /// Writes `sound`, the bytes of `essential`, to `path` (its own or that of its copy) unless they are there.
    fn restore(
        &self,
        essential: &str,
        path: &str,
        found: Option<&VersionedValue>,
        sound: &[u8],
    ) -> Result<(), VaultError> {
        let is_damaged = match found {
            Some(entry) if entry.value == sound => return Ok(()),
            Some(entry) => !self.opens(essential, &entry.value),
            // A missing copy was never written: the store is older than copies.
            None => path == essential,
        };
        if self.overwrite(path, found, sound.to_vec())? && is_damaged {
            self.repaired().note(path);
            self.unreadable().forget(path);
        }
        Ok(())
    }

    /// Writes `value` if `found` is still stored there. Returns whether it did.
    fn overwrite(&self, path: &str, found: Option<&VersionedValue>, value: Vec<u8>) -> Result<bool, VaultError> {
        let found = found.map_or(Precondition::Absent, |entry| Precondition::At(entry.revision));
        let batch = Batch::new().require(path.as_bytes(), found).put(path.as_bytes(), value);
        Ok(matches!(self.engine().commit(batch)?, Commit::Done(_)))
    }
}
