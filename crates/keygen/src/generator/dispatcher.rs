//! The dispatcher: a thread of normal priority that hands out finished pairs and tells the workers what to make next.
//!
//! Requests come before the stock, in the order of their turns. Workers without a request of their own help with the first
//! one. Only when no request is waiting do some workers, `stock_cores` of them, fill the stock. When requests wait and no
//! pair is finished for a while because the machine is busy, the fallback worker works as well: pairs then come slowly
//! instead of not at all.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use claviger_crypto::rsa::ModulusLength;

use super::broker::{PairBroker, State};
use super::slot::{Job, WorkerSlot};
use crate::snapshot::{SnapshotEvidence, time_since_boot};
use crate::unclaimed::Origin;

/// How often the stock is inspected.
const INSPECTION_INTERVAL: Duration = Duration::from_secs(1);
/// How long requests wait without any finished pair before the fallback worker starts.
const FALLBACK_DELAY: Duration = Duration::from_secs(1);

pub(crate) struct Dispatcher {
    pub(crate) broker: Arc<PairBroker>,
    pub(crate) workers: Vec<Arc<WorkerSlot>>,
    pub(crate) fallback: Arc<WorkerSlot>,
    /// How many workers may fill the stock.
    pub(crate) stock_workers: usize,
}

impl Dispatcher {
    /// Runs until the broker is stopped.
    pub(crate) fn run(&self) {
        let (mut inspected, mut finished) = (Instant::now(), Instant::now());
        loop {
            if self.workers.iter().filter(|worker| self.collect(worker)).count() > 0 {
                finished = Instant::now();
            }
            self.collect(&self.fallback);
            if inspected.elapsed() >= INSPECTION_INTERVAL {
                self.broker.inspect();
                inspected = Instant::now();
            }
            let Some(plan) = self.plan() else { return };
            if let Some((evidence, discarded)) = plan.snapshot_alert {
                tracing::warn!(%evidence, discarded, "memory may have been copied: the stock of key pairs was discarded");
            }
            self.assign(&plan.jobs);
            let waited = plan.next_queued_at.map(|queued_at| queued_at.max(finished).elapsed());
            self.fallback.assign(match (waited, plan.jobs.first()) {
                (Some(waited), Some(job)) if waited >= FALLBACK_DELAY => *job,
                _ => Job::Idle,
            });
            thread::park_timeout(INSPECTION_INTERVAL);
        }
    }

    /// Hands out the pair that a worker has finished, if any. Returns whether it had finished something.
    fn collect(&self, worker: &WorkerSlot) -> bool {
        let Some(finished) = worker.take_result() else { return false };
        match finished.result {
            Ok(pair) => {
                self.broker.lock().tally.of_mut(finished.length).made += 1;
                let origin = Origin { length: finished.length, made_at: time_since_boot(), epoch: finished.epoch };
                self.broker.hand_out(pair, origin);
            }
            Err(error) => {
                tracing::error!(%error, "the engine failed");
                self.broker.fail(finished.length, error);
            }
        }
        true
    }

    /// What each worker should do; `None` once the broker is stopped.
    fn plan(&self) -> Option<Plan> {
        let mut state = self.broker.lock();
        if state.is_stopped {
            return None;
        }
        state.requests.activate(self.workers.len());
        let lengths: Vec<ModulusLength> = state.requests.active_lengths().collect();
        let jobs = jobs(&lengths, &state, self.workers.len(), self.stock_workers);
        state.is_filling = jobs.iter().any(|job| matches!(job, Job::Make { is_for_stock: true, .. }));
        let next_queued_at = state.requests.next_queued_at();
        Some(Plan { jobs, next_queued_at, snapshot_alert: state.snapshot_alert.take() })
    }

    /// A worker that already has one of the jobs keeps it; the others get the remaining jobs.
    fn assign(&self, jobs: &[Job]) {
        let mut open = jobs.to_vec();
        let free: Vec<&Arc<WorkerSlot>> = self
            .workers
            .iter()
            .filter(|worker| match open.iter().position(|job| *job == worker.job()) {
                Some(place) => {
                    open.swap_remove(place);
                    false
                }
                None => true,
            })
            .collect();
        free.iter().zip(open).for_each(|(worker, job)| worker.assign(job));
    }
}

struct Plan {
    /// One for each worker.
    jobs: Vec<Job>,
    next_queued_at: Option<Instant>,
    snapshot_alert: Option<(SnapshotEvidence, usize)>,
}

fn jobs(lengths: &[ModulusLength], state: &State, workers: usize, stock_workers: usize) -> Vec<Job> {
    if !lengths.is_empty() {
        let job = |length: &ModulusLength| Job::Make { length: *length, is_for_stock: false };
        return lengths.iter().cycle().take(workers).map(job).collect();
    }
    let filling = match state.stock.neediest() {
        Some(length) => vec![Job::Make { length, is_for_stock: true }; stock_workers.min(workers)],
        None => Vec::new(),
    };
    filling.into_iter().chain(std::iter::repeat(Job::Idle)).take(workers).collect()
}
