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

/// Paths of needed records and of copies that were damaged or gone and were written again since the vault was opened.
#[derive(Debug, Default)]
pub(crate) struct Mended(Mutex<BTreeSet<String>>);

impl Mended {
    fn note(&self, path: &str) {
        tracing::error!(path, "a record of the store was damaged or gone; it was written again from its second copy");
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
    /// Puts each needed record that is damaged or gone back from its copy, and copies what changed. What was damaged is logged
    /// and reported ([`Vault::damage`]). Safe beside everything else: what somebody writes meanwhile stays.
    ///
    /// # Errors
    /// When the store fails.
    pub fn mend_needed(&self) -> Result<(), VaultError> {
        for needed in NEEDED {
            let spare = path::spare(needed);
            let (first, copy) = (self.raw(needed)?, self.raw(&spare)?);
            let mut stored = [&first, &copy].into_iter().flatten().map(|entry| &entry.value);
            let sound = stored.find(|value| self.opens(needed, value)).cloned().or_else(|| self.remembered(needed));
            let Some(sound) = sound else { continue };
            self.write_again(needed, needed, first.as_ref(), &sound)?;
            self.write_again(needed, &spare, copy.as_ref(), &sound)?;
        }
        Ok(())
    }

    /// The same for a vault that is in use, where all of them must be there: those that have no sound copy left are noted.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_needed(&self) -> Result<(), VaultError> {
        self.mend_needed()?;
        for needed in NEEDED {
            if !self.raw(needed)?.is_some_and(|entry| self.opens(needed, &entry.value)) {
                self.unreadable().note(needed);
            }
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
    fn write_again(&self, needed: &str, path: &str, found: Option<&Record>, sound: &[u8]) -> Result<(), VaultError> {
        let is_damaged = match found {
            Some(entry) if entry.value == sound => return Ok(()),
            Some(entry) => !self.opens(needed, &entry.value),
            // A copy that is not there was never made: the record is new, or the store is older than copies.
            None => path == needed,
        };
        self.overwrite(path, found, sound.to_vec())?;
        if is_damaged {
            self.mended().note(path);
            self.unreadable().forget(path);
        }
        Ok(())
    }

    /// Unless somebody else was faster, who then wrote the same.
    fn overwrite(&self, path: &str, found: Option<&Record>, value: Vec<u8>) -> Result<(), VaultError> {
        let found = found.map_or(Precondition::Absent, |entry| Precondition::At(entry.revision));
        let batch = Batch::new().require(path.as_bytes(), found).put(path.as_bytes(), value);
        match self.engine().commit(batch)? {
            Commit::Done(_) | Commit::Conflict { .. } => Ok(()),
        }
    }
}
