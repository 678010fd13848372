//! An engine in memory, for tests of other rooms and as the plain model that real engines are compared with.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contract::{Batch, Change, Commit, Engine, Entry, Precondition, Record, Revision, Watch};
use crate::error::StoreError;

/// A store that lives as long as the value.
#[derive(Debug, Default, Clone)]
pub struct MemoryEngine {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Content {
    records: BTreeMap<Vec<u8>, Record>,
    history: Vec<(Revision, Vec<u8>)>,
    revision: Revision,
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
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
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
        let revision = Revision(content.revision.0 + 1);
        content.revision = revision;
        for (key, value) in batch.puts {
            content.records.insert(key.clone(), Record { value, revision });
            content.history.push((revision, key));
        }
        for key in batch.deletes {
            if content.records.remove(&key).is_some() {
                content.history.push((revision, key));
            }
        }
        drop(content);
        self.shared.changed.notify_all();
        Ok(Commit::Done(revision))
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        let content = self.shared.lock();
        let next = content.history.partition_point(|(revision, _)| *revision <= from);
        drop(content);
        Ok(Box::new(MemoryWatch { shared: Arc::clone(&self.shared), prefix: prefix.to_vec(), next }))
    }
}

struct MemoryWatch {
    shared: Arc<Shared>,
    prefix: Vec<u8>,
    next: usize,
}

impl Watch for MemoryWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<Change>, StoreError> {
        let content = self.shared.lock();
        let waiting = self.shared.changed.wait_timeout_while(content, timeout, |content| {
            while let Some((_, key)) = content.history.get(self.next) {
                if key.starts_with(&self.prefix) {
                    return false;
                }
                self.next += 1;
            }
            true
        });
        let (content, _timed_out) = waiting.unwrap_or_else(PoisonError::into_inner);
        let Some((revision, key)) = content.history.get(self.next).cloned() else { return Ok(None) };
        self.next += 1;
        let value = content.records.get(&key).map(|record| record.value.clone());
        Ok(Some(Change { key, value, revision }))
    }
}
