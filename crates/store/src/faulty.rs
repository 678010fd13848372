//! An engine that fails as told, around another: for tests of what a room does when its store fails. The failures are
//! those of real engines: a commit that is refused or overtaken, a commit that is made but answered with an error, a store that is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contract::{Batch, Change, Commit, Condition, Engine, Entry, Record, Revision, Watch};
use crate::error::StoreError;

/// How one commit goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing of it is there.
    Refused(StoreError),
    /// It is made, and the answer is lost: the caller is told this error though the writes are there.
    AnswerLost(StoreError),
    /// Another commit was faster: it meets a conflict, and nothing of it is there.
    Overtaken,
}

/// An engine with planned faults. Clones share the plan.
#[derive(Debug, Clone)]
pub struct Faulty {
    engine: Arc<dyn Engine>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    commits: u64,
    faults: BTreeMap<u64, Fault>,
    delay: Duration,
    gone: Option<StoreError>,
}

impl Faulty {
    /// `engine`, without faults yet.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, plan: Arc::default() }
    }

    /// The `nth` commit from now (1 is the next) meets this fault.
    pub fn fail_commit(&self, nth: u64, fault: Fault) {
        let mut plan = self.plan();
        let number = plan.commits + nth;
        plan.faults.insert(number, fault);
    }

    /// Every commit from now waits this long before it begins.
    pub fn delay_commits(&self, delay: Duration) {
        self.plan().delay = delay;
    }

    /// Every call from now fails so, also those of watches that are open; `None`: the store is back.
    pub fn set_gone(&self, error: Option<StoreError>) {
        self.plan().gone = error;
    }

    /// How many commits were asked for.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.plan().commits
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn present(&self) -> Result<&dyn Engine, StoreError> {
        match &self.plan().gone {
            Some(error) => Err(error.clone()),
            None => Ok(&*self.engine),
        }
    }
}

impl Engine for Faulty {
    fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
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
    faulty: Faulty,
    watch: Box<dyn Watch>,
}

impl Watch for FaultyWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<Change>, StoreError> {
        self.faulty.present()?;
        self.watch.next(timeout)
    }
}
