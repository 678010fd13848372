//! An engine in memory, for tests of other crates and as the reference model that other engines are compared with.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contract::{Batch, Commit, Engine, Entry, Precondition, Revision, VersionedValue, Watch, WatchEvent};
use crate::error::StoreError;

/// A store that exists only as long as this value.
#[derive(Debug, Default, Clone)]
pub struct MemoryEngine {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Debug)]
struct Content {
    records: BTreeMap<Vec<u8>, VersionedValue>,
    history: VecDeque<Past>,
    history_max: usize,
    /// How many changes were dropped from the front of the history.
    cut: usize,
    /// The last revision whose changes were dropped.
    compacted: Revision,
    revision: Revision,
}

#[derive(Debug)]
struct Past {
    revision: Revision,
    key: Vec<u8>,
    is_deleted: bool,
}

impl MemoryEngine {
    /// A store that keeps only the last `changes` changes for watches, and the rest of the commit to which the first of them
    /// belongs.
    #[must_use]
    pub fn with_history(changes: usize) -> Self {
        let engine = Self::default();
        engine.shared.lock().history_max = changes;
        engine
    }
}

impl Default for Content {
    fn default() -> Self {
        Self {
            records: BTreeMap::new(),
            history: VecDeque::new(),
            history_max: usize::MAX,
            cut: 0,
            compacted: Revision(0),
            revision: Revision(0),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn meets(&self, key: &[u8], precondition: Precondition) -> bool {
        match (precondition, self.records.get(key)) {
            (Precondition::Absent, None) => true,
            (Precondition::At(revision), Some(record)) => record.revision == revision,
            (Precondition::Absent, Some(_)) | (Precondition::At(_), None) => false,
        }
    }

    fn write(&mut self, batch: Batch) {
        let revision = Revision(self.revision.0 + 1);
        for (key, value) in batch.puts {
            self.records.insert(key.clone(), VersionedValue { value, revision });
            self.history.push_back(Past { revision, key, is_deleted: false });
            self.revision = revision;
        }
        for key in batch.deletes {
            if self.records.remove(&key).is_some() {
                self.history.push_back(Past { revision, key, is_deleted: true });
                self.revision = revision;
            }
        }
        self.trim();
    }

    /// Drops whole revisions only: a watch must never return part of a commit.
    fn trim(&mut self) {
        while let Some(first) = self.history.front().map(|past| past.revision) {
            let whole = self.history.iter().take_while(|past| past.revision == first).count();
            if self.history.len() - whole < self.history_max {
                return;
            }
            self.history.drain(..whole);
            self.cut += whole;
            self.compacted = first;
        }
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError> {
        Ok(self.shared.lock().records.get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let content = self.shared.lock();
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after.to_vec()),
            _ => Bound::Included(prefix.to_vec()),
        };
        let found = content.records.range((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        let entries = found.take(limit).map(|(key, record)| Entry {
            key: key.clone(),
            value: record.value.clone(),
            revision: record.revision,
        });
        Ok(entries.collect())
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        batch.check()?;
        let mut content = self.shared.lock();
        for (key, precondition) in &batch.preconditions {
            if !content.meets(key, *precondition) {
                return Ok(Commit::Conflict { key: key.clone() });
            }
        }
        content.write(batch);
        let revision = content.revision;
        drop(content);
        self.shared.changed.notify_all();
        Ok(Commit::Done(revision))
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        let content = self.shared.lock();
        let is_cut = from < content.compacted;
        let next = content.cut + content.history.partition_point(|past| past.revision <= from);
        drop(content);
        Ok(Box::new(MemoryWatch { shared: Arc::clone(&self.shared), prefix: prefix.to_vec(), next, is_cut }))
    }
}

struct MemoryWatch {
    shared: Arc<Shared>,
    prefix: Vec<u8>,
    /// The number of the next change to return, counted from the first of the store.
    next: usize,
    is_cut: bool,
}

impl Watch for MemoryWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<WatchEvent>, StoreError> {
        let content = self.shared.lock();
        let waiting = self.shared.changed.wait_timeout_while(content, timeout, |content| {
            self.is_cut |= self.next < content.cut;
            while let Some(past) = content.history.get(self.next.wrapping_sub(content.cut)) {
                if self.is_cut || past.key.starts_with(&self.prefix) {
                    return false;
                }
                self.next += 1;
            }
            !self.is_cut
        });
        let (content, _timed_out) = waiting.unwrap_or_else(PoisonError::into_inner);
        if self.is_cut {
            return Err(StoreError::Compacted);
        }
        let Some(past) = content.history.get(self.next - content.cut) else { return Ok(None) };
        self.next += 1;
        let now = content.records.get(&past.key).filter(|_| !past.is_deleted);
        let (key, revision) = (past.key.clone(), past.revision);
        Ok(Some(WatchEvent { key, value: now.map(|record| record.value.clone()), revision }))
    }
}
