//! Repairing essential records from their copies, and copies from their originals.

use claviger_store::{Batch, Commit, Precondition, Record};

use crate::barrier;
use crate::copies::ESSENTIAL;
use crate::error::VaultError;
use crate::path;
use crate::vault::Vault;

impl Vault {
    /// Restores each needed record that is damaged or missing from its copy, and makes copies that are not there or are of
    /// before. What was damaged is logged and reported ([`Vault::damage`]). Safe beside everything else: what somebody writes
    /// meanwhile stays.
    ///
    /// # Errors
    /// When the store fails: the first failure, after all of them were tried.
    pub fn repair_essential(&self) -> Result<(), VaultError> {
        ESSENTIAL.map(|path| self.repair(path)).into_iter().collect()
    }

    /// The same for a vault that is in use, where all of them must be there: those that have no sound copy left are noted.
    ///
    /// # Errors
    /// See [`Vault::repair_essential`].
    pub fn check_essential(&self) -> Result<(), VaultError> {
        let repaired = self.repair_essential();
        let looked: Result<(), VaultError> = ESSENTIAL.map(|path| self.look_at(path)).into_iter().collect();
        repaired.and(looked)
    }

    fn repair(&self, needed: &str) -> Result<(), VaultError> {
        let spare = path::copy_of(needed);
        let (first, copy) = (self.raw(needed)?, self.raw(&spare)?);
        let mut stored = [&first, &copy].into_iter().flatten().map(|entry| &entry.value);
        let sound = stored.find(|value| self.opens(needed, value)).cloned().or_else(|| self.remembered(needed));
        let Some(sound) = sound else { return Ok(()) };
        let outcome = self.restore(needed, needed, first.as_ref(), &sound);
        outcome.and(self.restore(needed, &spare, copy.as_ref(), &sound))
    }

    fn look_at(&self, needed: &str) -> Result<(), VaultError> {
        if !self.raw(needed)?.is_some_and(|entry| self.opens(needed, &entry.value)) {
            self.unreadable().note(needed);
        }
        Ok(())
    }

    /// Whether `value` is what may lie at `path`, or at the place of its copy.
    pub(crate) fn opens(&self, path: &str, value: &[u8]) -> bool {
        match path {
            path::KEYRING => value == self.sealed_keyring(),
            _ => barrier::is_sound(&self.keyring(), path, value),
        }
    }

    /// The stored bytes of a record that the vault has in memory.
    fn remembered(&self, path: &str) -> Option<Vec<u8>> {
        (path == path::KEYRING).then(|| self.sealed_keyring().to_vec())
    }

    fn raw(&self, path: &str) -> Result<Option<Record>, VaultError> {
        Ok(self.engine().get(path.as_bytes())?)
    }

    /// Sees to it that the bytes of `needed`, or of its copy, are `sound` at `path`.
    fn restore(&self, needed: &str, path: &str, found: Option<&Record>, sound: &[u8]) -> Result<(), VaultError> {
        let is_damaged = match found {
            Some(entry) if entry.value == sound => return Ok(()),
            Some(entry) => !self.opens(needed, &entry.value),
            // A copy that is not there was never made: the store is older than copies.
            None => path == needed,
        };
        if self.overwrite(path, found, sound.to_vec())? && is_damaged {
            self.repaired().note(path);
            self.unreadable().forget(path);
        }
        Ok(())
    }

    /// Whether it was written: not where something else lies there by now.
    fn overwrite(&self, path: &str, found: Option<&Record>, value: Vec<u8>) -> Result<bool, VaultError> {
        let found = found.map_or(Precondition::Absent, |entry| Precondition::At(entry.revision));
        let batch = Batch::new().require(path.as_bytes(), found).put(path.as_bytes(), value);
        Ok(matches!(self.engine().commit(batch)?, Commit::Done(_)))
    }
}
