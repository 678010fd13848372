//! One change of stored state: all of it or none of it, under preconditions on what was read.

use claviger_store::{Batch, Commit, Precondition, Revision};

use crate::barrier;
use crate::copies;
use crate::error::VaultError;
use crate::page::Stored;
use crate::record::Record;
use crate::record::outbox::OutboxEntry;
use crate::record_change::RecordChange;
use crate::vault::Vault;

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, as this revision.
    Done(Revision),
    /// Somebody else changed what this change relied on; read again and decide again.
    Conflict,
}

/// What the audit log is told of a change. Every commit says it, so that none is forgotten.
#[derive(Debug, Clone, Copy)]
pub enum Audit<'entries> {
    /// These records, which are committed with the change and brought to the log afterwards.
    Entries(&'entries [OutboxEntry]),
    /// Nothing, for this reason.
    NoRecord(&'static str),
}

/// A change being put together. Nothing is written before [`Change::commit`].
#[derive(Debug)]
pub struct Change<'vault> {
    vault: &'vault Vault,
    batch: Batch,
    /// What is written or removed. Where that was damaged, it no longer is.
    paths: Vec<String>,
}

impl Vault {
    /// Begins a change.
    #[must_use]
    pub fn change(&self) -> Change<'_> {
        Change { vault: self, batch: Batch::new(), paths: Vec::new() }
    }
}

impl Change<'_> {
    /// Writes a record that must not exist yet.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn create<R: Record>(self, record: &R) -> Result<Self, VaultError> {
        let path = record.path();
        let mut change = self.put(record)?;
        change.batch = change.batch.require(path.as_bytes(), Precondition::Absent);
        Ok(change)
    }

    /// Writes a record over the one that was read, which must not have changed since.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn update<R: Record>(self, read: &Stored<R>, record: &R) -> Result<Self, VaultError> {
        self.require(read).put(record)
    }

    /// Requires that a record that was read has not changed since.
    #[must_use]
    pub fn require<R: Record>(mut self, read: &Stored<R>) -> Self {
        self.batch = self.batch.require(read.record.path().as_bytes(), Precondition::At(read.revision));
        self
    }

    /// Writes a record, whatever was there, and its copy if it has one.
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn put<R: Record>(mut self, record: &R) -> Result<Self, VaultError> {
        let path = record.path();
        let stored = barrier::seal(&self.vault.keyring(), &path, R::KIND, &record.encode())?;
        for place in copies::places(&path) {
            self.batch = self.batch.put(place.as_bytes(), stored.clone());
            self.paths.push(place);
        }
        Ok(self)
    }

    /// Removes a record, whether it exists or not, and its copy if it has one.
    #[must_use]
    pub fn delete<R: Record>(self, record: &R) -> Self {
        self.delete_by_id::<R>(&record.id())
    }

    /// Removes the record of that id, whether it exists or not, and its copy if it has one.
    #[must_use]
    pub fn delete_by_id<R: Record>(self, id: &R::Id) -> Self {
        self.delete_paths(&copies::places(&R::path_of(id)))
    }

    /// Removes what lies at these paths of [`Vault::paths_of_key`], whether it opens or not.
    #[must_use]
    pub fn delete_paths(mut self, paths: &[String]) -> Self {
        self.batch = paths.iter().fold(self.batch, |batch, path| batch.delete(path.as_bytes()));
        self.paths.extend_from_slice(paths);
        self
    }

    /// What the change writes or removes. A cache drops these after the commit, also after one that failed: a commit whose
    /// failure is not certain may be durable.
    #[must_use]
    pub fn changes(&self) -> Vec<RecordChange> {
        self.paths.iter().map(|path| RecordChange::at(path.clone())).collect()
    }

    /// Makes the change durable together with what the audit log is told of it, all of it or none of it.
    ///
    /// # Errors
    /// When an entry cannot be sealed. [`VaultError::Store`] when the store failed; then nothing of it is there, unless the
    /// device failed while it wrote: then opening the store again tells.
    pub fn commit(mut self, audit: Audit<'_>) -> Result<Outcome, VaultError> {
        match audit {
            Audit::Entries(entries) => {
                for entry in entries {
                    self = self.put(entry)?;
                }
            }
            Audit::NoRecord(_reason) => {}
        }
        match self.vault.engine().commit(self.batch)? {
            Commit::Done(revision) => {
                self.paths.iter().for_each(|path| self.vault.unreadable().forget(path));
                Ok(Outcome::Done(revision))
            }
            Commit::Conflict { .. } => Ok(Outcome::Conflict),
        }
    }
}
