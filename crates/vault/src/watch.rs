//! Watching the records that any process changes.

use std::time::Duration;

use claviger_store::{Batch, Commit, Revision, StoreError, Watch};

use crate::error::VaultError;
use crate::record_change::RecordChange;
use crate::vault::Vault;

/// A stream of changes, including those of this process.
pub struct RecordWatch {
    watch: Box<dyn Watch>,
}

impl std::fmt::Debug for RecordWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordWatch").finish_non_exhaustive()
    }
}

impl Vault {
    /// The newest revision. A watch from here shows every later change.
    ///
    /// # Errors
    /// When the store fails.
    pub fn revision(&self) -> Result<Revision, VaultError> {
        match self.engine().commit(Batch::new())? {
            Commit::Done(revision) => Ok(revision),
            Commit::Conflict { .. } => Err(StoreError::Failed("an empty batch was refused".to_owned()).into()),
        }
    }

    /// A watch of every change of a record after `from`, in order. To resume a lost watch, pass the last revision whose changes
    /// were all received; a revision can have several.
    ///
    /// # Errors
    /// When the store fails.
    pub fn watch(&self, from: Revision) -> Result<RecordWatch, VaultError> {
        Ok(RecordWatch { watch: self.engine().watch(b"", from)? })
    }
}

impl RecordWatch {
    /// The next change, with the commit that made it; `None` if there is none within `timeout`.
    ///
    /// # Errors
    /// [`StoreError::Compacted`], in [`VaultError::Store`], when changes were dropped from the store's history before this watch
    /// saw them. Then drop everything that is cached, and begin a new watch.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<(Revision, RecordChange)>, VaultError> {
        let change = self.watch.next(timeout)?;
        Ok(change.map(|change| {
            let path = String::from_utf8_lossy(&change.key).into_owned();
            (change.revision, RecordChange::at(path))
        }))
    }
}
