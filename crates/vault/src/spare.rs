//! Second copies of the few records without which there is no server. Everything else is lost by itself alone; these would take
//! every key with them. A copy lies behind all other records, so that one damaged page does not take both.
//!
//! **Rule:** a copy is the same bytes under another path. Sealed records stay bound to the path of the first, so that a copy opens
//! there and nowhere else.

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

impl Vault {
    /// Puts each needed record that is damaged or gone back from its copy, and copies what changed. The paths that were put back.
    ///
    /// # Errors
    /// When the store fails.
    pub fn mend_needed(&self) -> Result<Vec<&'static str>, VaultError> {
        let mut mended = Vec::new();
        for needed in NEEDED {
            let (first, copy) = (self.raw(needed)?, self.raw(&path::spare(needed))?);
            let is_sound = |entry: &Option<Record>| entry.as_ref().is_some_and(|it| self.opens(needed, &it.value));
            match (is_sound(&first), is_sound(&copy)) {
                (true, is_copied) if !is_copied || value(&first) != value(&copy) => {
                    self.overwrite(&path::spare(needed), copy.as_ref(), value(&first))?;
                }
                (false, true) => {
                    self.overwrite(needed, first.as_ref(), value(&copy))?;
                    mended.push(needed);
                }
                _ => {}
            }
        }
        Ok(mended)
    }

    fn raw(&self, path: &str) -> Result<Option<Record>, VaultError> {
        Ok(self.engine().get(path.as_bytes())?)
    }

    fn opens(&self, path: &str, value: &[u8]) -> bool {
        match path {
            path::KEYRING => value == self.sealed_keyring(),
            _ => barrier::is_sound(&self.keyring(), path, value),
        }
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

fn value(entry: &Option<Record>) -> Vec<u8> {
    entry.as_ref().map(|entry| entry.value.clone()).unwrap_or_default()
}
