//! Fault injection: an engine that wraps another and fails on demand, for tests of what happens when a store fails. The faults
//! are those of real engines: a commit that is refused or conflicts, a commit that is applied but reported as an error, a
//! store that is unreachable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contract::{Batch, Commit, Condition, Engine, Entry, Revision, VersionedValue, Watch, WatchEvent};
use crate::error::StoreError;

/// How a commit fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing is written.
    Refused(StoreError),
    /// It is applied, but the caller gets this error.
    AnswerLost(StoreError),
    /// Another commit came first: this one conflicts, and nothing is written.
    Overtaken,
}

/// An engine with planned faults. Clones share the plan.
#[derive(Debug, Clone)]
pub struct FaultyEngine {
    engine: Arc<dyn Engine>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    commits: u64,
    faults: BTreeMap<u64, Fault>,
    delay: Duration,
    unreachable: Option<StoreError>,
}

impl FaultyEngine {
    /// `engine`, without faults yet.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, plan: Arc::default() }
    }

    /// The `nth` commit from now (1 is the next) fails like this.
    pub fn fail_commit(&self, nth: u64, fault: Fault) {
        let mut plan = self.plan();
        let number = plan.commits + nth;
        plan.faults.insert(number, fault);
    }

    /// Every commit from now on waits this long before it begins.
    pub fn delay_commits(&self, delay: Duration) {
        self.plan().delay = delay;
    }

    /// Every call from now on, including those of open watches, fails with this error; `None` ends that.
    pub fn set_unreachable(&self, error: Option<StoreError>) {
        self.plan().unreachable = error;
    }

    /// How many commits were requested.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.plan().commits
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self) -> Result<&dyn Engine, StoreError> {
        match &self.plan().unreachable {
            Some(error) => Err(error.clone()),
            None => Ok(&*self.engine),
        }
    }
}

impl Engine for FaultyEngine {
    fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError> {
        self.present()?.get(key)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.present()?.scan(prefix, after, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut plan = self.plan();
        plan.commits += 1;
        let number = plan.commits;
        let (fault, delay) = (plan.faults.remove(&number), plan.delay);
        drop(plan);
        std::thread::sleep(delay);
        match fault {
            None => self.present()?.commit(batch),
            Some(Fault::Refused(error)) => Err(error),
            Some(Fault::Overtaken) => Ok(Commit::Conflict { key: Vec::new() }),
            Some(Fault::AnswerLost(error)) => {
                self.present()?.commit(batch)?;
                Err(error)
            }
        }
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        let watch = self.present()?.watch(prefix, from)?;
        Ok(Box::new(FaultyWatch { faulty: self.clone(), watch }))
    }

    fn check(&self) -> Result<(), StoreError> {
        self.present()?.check()
    }

    fn condition(&self) -> Condition {
        self.engine.condition()
    }
}

struct FaultyWatch {
    faulty: FaultyEngine,
    watch: Box<dyn Watch>,
}

impl Watch for FaultyWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<WatchEvent>, StoreError> {
        self.faulty.present()?;
        self.watch.next(timeout)
    }
}
