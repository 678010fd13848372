//! Atomic changes of stored state, with preconditions on what was read.

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
    /// It is durable, at this revision.
    Done(Revision),
    /// Something that this change relied on was changed concurrently. Read it again and decide again.
    Conflict,
}

/// What the audit log records of a change. Every commit must state it, so that no record is forgotten.
#[derive(Debug, Clone, Copy)]
pub enum Audit<'entries> {
    /// These entries, which are committed with the change and written to the log afterwards.
    Entries(&'entries [OutboxEntry]),
    /// Nothing, for this reason.
    NoRecord(&'static str),
}

/// A change under construction. Nothing is written before [`Change::commit`].
#[derive(Debug)]
pub struct Change<'vault> {
    vault: &'vault Vault,
    batch: Batch,
    /// The paths that are written or removed, and so no longer hold a damaged record.
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

    /// Overwrites a record that was read, if it has not changed since.
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

    /// Writes a record unconditionally, and its copy if it has one.
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

    /// Removes the records at these paths of [`Vault::paths_of_key`], whether they open or not.
    #[must_use]
    pub fn delete_paths(mut self, paths: &[String]) -> Self {
        self.batch = paths.iter().fold(self.batch, |batch, path| batch.delete(path.as_bytes()));
        self.paths.extend_from_slice(paths);
        self
    }

    /// What the change writes or removes. A cache drops these after the commit, even if it failed: the commit may nevertheless be
    /// durable.
    #[must_use]
    pub fn changes(&self) -> Vec<RecordChange> {
        self.paths.iter().map(|path| RecordChange::at(path.clone())).collect()
    }

    /// Makes the change durable, together with its entries for the audit log.
    ///
    /// # Errors
    /// When an entry cannot be sealed; nothing was written then. [`VaultError::Store`] when the store failed;
    /// [`claviger_store::Engine::commit`] states after which errors the change may nevertheless be stored.
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
