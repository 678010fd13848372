//! The contract of engines: `get`, ordered `scan`, atomic `commit` and `watch`, and no more
//! (docs/spec/storage.md 5). [`crate::conformance`] checks it.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use claviger_base::limits::{BATCH_OPERATIONS_MAX, RECORD_BYTES_MAX};

use crate::error::StoreError;

/// A point in a store's history. Each commit that changes something has the next higher one; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

/// A value and the commit that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedValue {
    /// The bytes.
    pub value: Vec<u8>,
    /// The commit that wrote them.
    pub revision: Revision,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The bytes.
    pub value: Vec<u8>,
    /// The commit that wrote them.
    pub revision: Revision,
}

/// A condition on a key that must hold for a batch to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// The key does not exist.
    Absent,
    /// The key was last written by this commit.
    At(Revision),
}

/// Writes that are applied together, if their preconditions hold.
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
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a precondition on `key`.
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

    /// Removes `key`, if it exists.
    #[must_use]
    pub fn delete(mut self, key: &[u8]) -> Self {
        self.deletes.push(key.to_vec());
        self
    }

    /// Checks that the batch keeps the limits and writes no key twice: two writes of one key have no order, and etcd refuses them,
    /// too.
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
    /// All of it is durable, at this revision: a new one if something changed, otherwise (no writes, or only deletes of absent
    /// keys) the newest one. So committing an empty batch returns the newest revision.
    Done(Revision),
    /// Nothing was written: the precondition on this key does not hold.
    Conflict {
        /// The key.
        key: Vec<u8>,
    },
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEvent {
    /// The key.
    pub key: Vec<u8>,
    /// The value that was written; `None` if the key was removed. An engine that keeps no old values may give the present value
    /// instead when a later commit has changed the key again. That later change follows as its own event.
    pub value: Option<Vec<u8>>,
    /// The commit that changed it.
    pub revision: Revision,
}

/// A damaged file that was replaced by what could be read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The path at which the damaged file is kept.
    pub kept: PathBuf,
    /// How many records lost their value.
    pub lost: u64,
}

/// What an engine knows about damage to its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Files that were recovered since the store was opened.
    pub recovered: Vec<Recovered>,
    /// A write-ahead log that was damaged when the store was opened: where it is kept, and what to do.
    pub log: Option<String>,
    /// Damage that could not be recovered: what it is, and what to do.
    pub damage: Option<String>,
}

/// A store engine. Calls block.
///
/// **Damage** affects only the keys whose bytes are damaged. A key that an engine knows of, but whose value it can no longer
/// read, has an empty value in `get` and in `scan`.
pub trait Engine: Send + Sync + fmt::Debug {
    /// The value at `key`, as of every commit that has returned.
    ///
    /// # Errors
    /// [`StoreError`].
    fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError>;

    /// The first `limit` entries, in byte order, whose keys begin with `prefix` and sort after `after`. A call reads one
    /// snapshot; two calls may read different ones.
    ///
    /// # Errors
    /// [`StoreError`].
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// Applies a batch atomically. It is durable when this returns.
    ///
    /// # Errors
    /// [`StoreError`]. Nothing of the batch was written, except perhaps after [`StoreError::Failed`] (the device failed during
    /// the write): then either all of it is stored or nothing, and only opening the store again shows which.
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError>;

    /// Watches every change after `from` of keys that begin with `prefix`, in order, without gaps or repeats. To resume a lost
    /// watch, pass the last revision of which every change was read.
    ///
    /// # Errors
    /// [`StoreError`].
    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError>;

    /// Reads everything that is stored, which may take long, and recovers what is damaged. [`Engine::condition`] reports the
    /// result, and those of earlier recoveries.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be checked, or the damage cannot be recovered.
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The damage that is known. Reads nothing.
    fn condition(&self) -> Condition {
        Condition::default()
    }
}

/// A stream of changes.
pub trait Watch: Send {
    /// The next change; `None` if there is none within `timeout`.
    ///
    /// # Errors
    /// [`StoreError::Compacted`] when changes that this watch has not returned were dropped from the history.
    fn next(&mut self, timeout: Duration) -> Result<Option<WatchEvent>, StoreError>;
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
