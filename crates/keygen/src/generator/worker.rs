//! Workers: threads that make RSA pairs and yield the CPU to every other thread.

use std::thread;
use std::time::{Duration, Instant};

use claviger_crypto::rsa::ModulusLength;
use claviger_primes::{Engine, EngineKind};

use super::broker::PairBroker;
use super::slot::{Finished, Job, WorkerSlot};
use crate::error::KeygenError;
use crate::length::PerLength;
use crate::pair::Pair;

/// How long a worker fills the stock before it pauses to keep its share.
const STOCK_SLICE: Duration = Duration::from_millis(20);
/// Pause after the engine failed, so that it is not retried in a busy loop.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// The engines of one worker, created on first use, with their unfinished work.
struct Engines {
    kind: EngineKind,
    epoch: u64,
    engines: PerLength<Option<Engine>>,
}

impl Engines {
    fn new(kind: EngineKind, epoch: u64) -> Self {
        Self { kind, epoch, engines: PerLength::default() }
    }

    fn next_pair(
        &mut self,
        length: ModulusLength,
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Pair>, KeygenError> {
        let place = self.engines.get_mut(length);
        let engine = match place {
            Some(engine) => engine,
            None => place.insert(Engine::new(self.kind, length)?),
        };
        Ok(engine.next_key(proceed)?.map(Pair::from))
    }
}

/// Runs until told to exit. `stock_share`, from 0 to 1, is the share of its time that the worker may spend on the stock.
pub(crate) fn run(slot: &WorkerSlot, broker: &PairBroker, kind: EngineKind, stock_share: f64) {
    let mut engines = Engines::new(kind, broker.epoch());
    loop {
        let job = slot.job();
        let (length, is_for_stock) = match job {
            Job::Exit => return,
            Job::Idle => {
                thread::park();
                continue;
            }
            Job::Make { length, is_for_stock } => (length, is_for_stock),
        };
        let epoch = broker.epoch();
        if engines.epoch != epoch {
            // A copy of this machine may hold the same unfinished work.
            engines = Engines::new(kind, epoch);
        }
        let started = Instant::now();
        let mut proceed =
            || slot.job() == job && broker.epoch() == epoch && !(is_for_stock && started.elapsed() > STOCK_SLICE);
        let result = engines.next_pair(length, &mut proceed);
        let has_failed = result.is_err();
        if let Some(result) = result.transpose() {
            slot.deliver(Finished { length, epoch, result }, broker);
        }
        if has_failed {
            slot.pause(FAILURE_PAUSE, job);
        } else if is_for_stock && stock_share < 1.0 {
            let pause = started.elapsed().mul_f64((1.0 - stock_share) / stock_share);
            slot.pause(pause, job);
        }
    }
}
