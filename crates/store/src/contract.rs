//! The contract every engine keeps: `get`, ordered `scan`, all-or-nothing `commit`, `watch`, and no more
//! (docs/spec/storage.md 5). The exam is in [`crate::exam`].

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use claviger_base::limits::{BATCH_OPERATIONS_MAX, RECORD_BYTES_MAX};

use crate::error::StoreError;

/// A point in a store's history. Every commit has a later one than all before it; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// A value and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The bytes.
    pub value: Vec<u8>,
    /// The commit that wrote them.
    pub revision: Revision,
}

/// A key with its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The bytes.
    pub value: Vec<u8>,
    /// The commit that wrote them.
    pub revision: Revision,
}

/// What must be true of a key for a batch to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// There is no such key.
    Absent,
    /// The key was last written by this commit.
    At(Revision),
}

/// Writes to be made together, under preconditions.
#[derive(Clone, Default)]
pub struct Batch {
    pub(crate) preconditions: Vec<(Vec<u8>, Precondition)>,
    pub(crate) puts: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) deletes: Vec<Vec<u8>>,
}

/// Hand-written: values are sealed, but there is no reason to print them.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (preconditions, puts, deletes) = (self.preconditions.len(), self.puts.len(), self.deletes.len());
        write!(f, "Batch({preconditions} preconditions, {puts} puts, {deletes} deletes)")
    }
}

impl Batch {
    /// A batch that does nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires this of `key` before anything is written.
    #[must_use]
    pub fn require(mut self, key: &[u8], precondition: Precondition) -> Self {
        self.preconditions.push((key.to_vec(), precondition));
        self
    }

    /// Writes `value` at `key`.
    #[must_use]
    pub fn put(mut self, key: &[u8], value: Vec<u8>) -> Self {
        self.puts.push((key.to_vec(), value));
        self
    }

    /// Removes `key`, if it is there.
    #[must_use]
    pub fn delete(mut self, key: &[u8]) -> Self {
        self.deletes.push(key.to_vec());
        self
    }

    /// Whether the batch keeps the limits, and writes each key once: two writes of one key have no order, and etcd
    /// refuses them too.
    ///
    /// # Errors
    /// [`StoreError::BatchTooLarge`], [`StoreError::RecordTooLarge`], [`StoreError::WrittenTwice`].
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let operations = self.preconditions.len() + self.puts.len() + self.deletes.len();
        if operations > BATCH_OPERATIONS_MAX {
            return Err(StoreError::BatchTooLarge(operations));
        }
        if let Some((_, value)) = self.puts.iter().find(|(_, value)| value.len() > RECORD_BYTES_MAX) {
            return Err(StoreError::RecordTooLarge(value.len()));
        }
        let mut written = HashSet::new();
        let mut keys = self.puts.iter().map(|(key, _)| key).chain(&self.deletes);
        if keys.all(|key| written.insert(key)) { Ok(()) } else { Err(StoreError::WrittenTwice) }
    }
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// All of it is durable, at this revision: a new one when something changed, else (no writes, or only deletes of
    /// absent keys) the store's present one. An empty batch so tells where the store stands.
    Done(Revision),
    /// Nothing of it was written: this key did not meet its precondition.
    Conflict {
        /// The key.
        key: Vec<u8>,
    },
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: Vec<u8>,
    /// `None`: removed by this commit. Otherwise what was written, or, where an engine does not keep old values and a later
    /// commit has overwritten (removed) it, what is there now (`None`); the later change then follows as its own.
    pub value: Option<Vec<u8>>,
    /// The commit that changed it.
    pub revision: Revision,
}

/// A damaged file that was replaced by what could be read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Where the damaged file is kept.
    pub kept: PathBuf,
    /// How many records have no value any more.
    pub lost: u64,
}

/// What an engine knows about the state of what it keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Files that were recovered since the store was opened.
    pub recovered: Vec<Recovered>,
    /// A write-ahead log that was damaged when the store was opened: where it is, and what to do.
    pub log: Option<String>,
    /// Damage that is there now and could not be recovered: what it is, and what to do.
    pub damage: Option<String>,
}

/// A store engine. Calls block.
///
/// **Damage** concerns those keys alone whose bytes are damaged. A record that an engine knows of but cannot read any more
/// has an empty value, in `get` as in `scan`.
pub trait Engine: Send + Sync + fmt::Debug {
    /// The record at `key`, with every commit that has returned.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError>;

    /// The first `limit` entries whose keys begin with `prefix` and come strictly after `after`, in byte order. One call
    /// sees one point in history; two calls need not see the same.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// Applies a batch, all of it or nothing, durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]. After those of which [`StoreError::is_certain`] is true, nothing of the batch is there; after the
    /// others (the device failed while it wrote) all of it or nothing is, and only reopening tells which.
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;

    /// Every change of keys that begin with `prefix` after `from`, in order, without gaps or repeats. To go on after a
    /// lost watch, give the last revision of which every change was read.
    ///
    /// # Errors
    /// [`StoreError`].
    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError>;

    /// Reads all that is stored, however long it takes, and recovers what is found damaged. What came of it, also of
    /// earlier recoveries, is told by [`Engine::condition`].
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be told.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What is known of damage, without looking.
    fn condition(&self) -> Condition {
        Condition::default()
    }
}

/// A stream of changes.
pub trait Watch: Send {
    /// The next change, or `None` when none came within `timeout`.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] when the history was cut before this watch read it.
    fn next(&mut self, timeout: Duration) -> Result<Option<Change>, StoreError>;
}

/// The least key that is greater than every key beginning with `prefix`; `None` when there is none.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    if let Some(byte) = end.last_mut() {
        *byte += 1;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_ends() {
        assert_eq!(prefix_end(b""), None);
        assert_eq!(prefix_end(b"\xff\xff"), None);
        assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(prefix_end(b"a\xff"), Some(b"b".to_vec()));
    }
}
