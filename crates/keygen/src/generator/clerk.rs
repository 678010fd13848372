//! The clerk: a thread of ordinary urgency that gives out what the makers made and tells them what to make next.
//!
//! Orders come before the stock, in the order of their turns; makers without an order of their own help with the first;
//! only when nobody waits do some of them, `stock_cores`, work on the stock. When no pair is finished for a while although
//! somebody waits, because the machine is busy, the rescuer works as well: pairs come slowly then, and not never.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use claviger_crypto::rsa::ModulusLength;

use super::desk::{Desk, Origin, State};
use super::maker::{Job, Workbench};
use crate::stock::witness::{Sign, time_since_boot};

/// How often the stock is inspected.
const INSPECTION: Duration = Duration::from_secs(1);
/// How long orders wait without any pair finished before the rescuer works.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Clerk {
    pub(crate) desk: Arc<Desk>,
    pub(crate) makers: Vec<Arc<Workbench>>,
    pub(crate) rescuer: Arc<Workbench>,
    /// How many makers may work on the stock.
    pub(crate) stock_makers: usize,
}

impl Clerk {
    /// The life of the clerk.
    pub(crate) fn work(&self) {
        let (mut inspected, mut finished) = (Instant::now(), Instant::now());
        loop {
            if self.makers.iter().filter(|maker| self.collect(maker)).count() > 0 {
                finished = Instant::now();
            }
            self.collect(&self.rescuer);
            if inspected.elapsed() >= INSPECTION {
                self.desk.inspect();
                inspected = Instant::now();
            }
            let Some(plan) = self.plan() else { return };
            if let Some((sign, discarded)) = plan.alarm {
                tracing::warn!(%sign, discarded, "memory may have been copied: the stock of key pairs was discarded");
            }
            self.assign(&plan.jobs);
            let waits = plan.next_waits_since.map(|since| since.max(finished).elapsed());
            self.rescuer.assign(match (waits, plan.jobs.first()) {
                (Some(waits), Some(job)) if waits >= PATIENCE => *job,
                _ => Job::Rest,
            });
            thread::park_timeout(INSPECTION);
        }
    }

    /// Gives out what a maker finished; whether there was anything.
    fn collect(&self, maker: &Workbench) -> bool {
        let Some(made) = maker.clear_tray() else { return false };
        match made.result {
            Ok(pair) => {
                self.desk.lock().tally.of_mut(made.length).made += 1;
                let origin = Origin { length: made.length, made_at: time_since_boot(), epoch: made.epoch };
                self.desk.give_out(pair, origin);
            }
            Err(error) => {
                tracing::error!(%error, "the engine failed");
                self.desk.fail(made.length, error);
            }
        }
        true
    }

    /// What each maker should do; `None` once stopped.
    fn plan(&self) -> Option<Plan> {
        let mut state = self.desk.lock();
        if state.is_stopped {
            return None;
        }
        state.orders.put_to_work(self.makers.len());
        let lengths: Vec<ModulusLength> = state.orders.lengths_at_work().collect();
        let jobs = jobs(&lengths, &state, self.makers.len(), self.stock_makers);
        state.is_filling = jobs.iter().any(|job| matches!(job, Job::Make { is_for_stock: true, .. }));
        Some(Plan { jobs, next_waits_since: state.orders.next_waits_since(), alarm: state.alarm.take() })
    }

    /// Makers that already do one of the jobs go on with it; the others take the rest.
    fn assign(&self, jobs: &[Job]) {
        let mut open = jobs.to_vec();
        let free: Vec<&Arc<Workbench>> = self
            .makers
            .iter()
            .filter(|maker| match open.iter().position(|job| *job == maker.job()) {
                Some(place) => {
                    open.swap_remove(place);
                    false
                }
                None => true,
            })
            .collect();
        free.iter().zip(open).for_each(|(maker, job)| maker.assign(job));
    }
}

struct Plan {
    /// As many as there are makers.
    jobs: Vec<Job>,
    next_waits_since: Option<Instant>,
    alarm: Option<(Sign, usize)>,
}

fn jobs(lengths: &[ModulusLength], state: &State, makers: usize, stock_makers: usize) -> Vec<Job> {
    if !lengths.is_empty() {
        let job = |length: &ModulusLength| Job::Make { length: *length, is_for_stock: false };
        return lengths.iter().cycle().take(makers).map(job).collect();
    }
    let working = match state.stock.neediest() {
        Some(length) => vec![Job::Make { length, is_for_stock: true }; stock_makers.min(makers)],
        None => Vec::new(),
    };
    working.into_iter().chain(std::iter::repeat(Job::Rest)).take(makers).collect()
}
