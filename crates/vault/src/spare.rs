//! Second copies of the few records without which there is no server. Everything else is lost by itself alone; these would take
//! every key with them. A copy lies behind all other records, so that one damaged page does not take both.
//!
//! **Rule:** a copy is the same bytes under another path. Sealed records stay bound to the path of the first, so that a copy opens
//! there and nowhere else.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_store::{Batch, Commit, Engine, Precondition, Record};

use crate::barrier;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::path;
use crate::seal::Seal;
use crate::vault::Vault;

/// The records that have a copy.
const NEEDED: [&str; 4] = [path::KEYRING, path::INSTANCE, path::AUDIT_SIGNING_KEY, path::TLS_AUTHORITY];

/// Where what belongs at `path` is written: there and, where it has a copy, in the place of that, so that no copy is older.
pub(crate) fn places(path: &str) -> Vec<String> {
    let copy = NEEDED.contains(&path).then(|| path::spare(path));
    std::iter::once(path.to_owned()).chain(copy).collect()
}

/// The keyring as stored and opened: the first, or its copy where that is damaged or gone.
///
/// # Errors
/// [`VaultError::Empty`] when there is neither; otherwise what is wrong with the first.
pub(crate) fn open_keyring(engine: &dyn Engine, seal: &dyn Seal) -> Result<(Vec<u8>, Keyring), VaultError> {
    let read = |path: &str| {
        let stored = engine.get(path.as_bytes())?.ok_or(VaultError::Empty)?.value;
        let keyring = Keyring::from_stored(&stored, seal)?;
        Ok((stored, keyring))
    };
    read(path::KEYRING)
        .or_else(|error: VaultError| read(&path::spare(path::KEYRING)).map_err(|_no_better: VaultError| error))
}

/// Paths of needed records and of copies that were damaged or missing and were restored since the vault was opened.
#[derive(Debug, Default)]
pub(crate) struct Mended(Mutex<BTreeSet<String>>);

impl Mended {
    fn note(&self, path: &str) {
        tracing::error!(path, "a damaged or missing record of the store was restored");
        self.lock().insert(path.to_owned());
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// A panic while the lock was held cannot have left half a path.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault {
    /// Restores each needed record that is damaged or missing from its copy, and makes copies that are not there or are of
    /// before. What was damaged is logged and reported ([`Vault::damage`]). Safe beside everything else: what somebody writes
    /// meanwhile stays.
    ///
    /// # Errors
    /// When the store fails: the first failure, after all of them were tried.
    pub fn mend_needed(&self) -> Result<(), VaultError> {
        NEEDED.map(|needed| self.mend(needed)).into_iter().collect()
    }

    /// The same for a vault that is in use, where all of them must be there: those that have no sound copy left are noted.
    ///
    /// # Errors
    /// See [`Vault::mend_needed`].
    pub fn check_needed(&self) -> Result<(), VaultError> {
        let mended = self.mend_needed();
        let looked: Result<(), VaultError> = NEEDED.map(|needed| self.look_at(needed)).into_iter().collect();
        mended.and(looked)
    }

    fn mend(&self, needed: &str) -> Result<(), VaultError> {
        let spare = path::spare(needed);
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
            self.mended().note(path);
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
