//! Makers: threads that make RSA pairs and give way to every other thread.
//!
//! A maker reads what to do from its workbench and leaves what it made on the tray there. It takes no lock that a
//! request could wait for: the tray's other user, the clerk, only tries it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use claviger_crypto::rsa::ModulusLength;

use super::desk::Desk;
use crate::error::KeygenError;
use crate::length::PerLength;
use crate::pair::Pair;
use claviger_primes::{Engine, EngineKind};

/// How long a maker works on the stock before it looks whether it has had its share.
const STOCK_SLICE: Duration = Duration::from_millis(20);
/// Pause after a failure of the engine, so that it is not asked without end.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);
/// Longest wait for the clerk to empty the tray, in steps.
const TRAY_PAUSE: Duration = Duration::from_millis(1);

/// What a maker is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Rest,
    Make { length: ModulusLength, is_for_stock: bool },
    Leave,
}

impl Job {
    const fn encode(self) -> u8 {
        match self {
            Self::Rest => 0,
            Self::Leave => 1,
            Self::Make { length, is_for_stock } => {
                let length = match length {
                    ModulusLength::Bits2048 => 2,
                    ModulusLength::Bits3072 => 4,
                    ModulusLength::Bits4096 => 6,
                };
                if is_for_stock { length + 1 } else { length }
            }
        }
    }

    const fn decode(code: u8) -> Self {
        let length = match code / 2 {
            1 => ModulusLength::Bits2048,
            2 => ModulusLength::Bits3072,
            3 => ModulusLength::Bits4096,
            _ => return if code == 0 { Self::Rest } else { Self::Leave },
        };
        Self::Make { length, is_for_stock: code % 2 == 1 }
    }
}

/// What a maker made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) length: ModulusLength,
    pub(crate) epoch: u64,
    pub(crate) result: Result<Pair, KeygenError>,
}

/// Where a maker and the clerk meet.
#[derive(Debug, Default)]
pub(crate) struct Workbench {
    job: AtomicU8,
    tray: Mutex<Option<Made>>,
    thread: OnceLock<Thread>,
}

impl Workbench {
    pub(crate) fn set_thread(&self, thread: Thread) {
        let _only_once = self.thread.set(thread);
    }

    pub(crate) fn job(&self) -> Job {
        Job::decode(self.job.load(Ordering::Acquire))
    }

    /// Gives the maker something else to do, and wakes it if it is something else.
    pub(crate) fn assign(&self, job: Job) {
        if self.job.swap(job.encode(), Ordering::AcqRel) != job.encode()
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// What lies on the tray. Nothing when the maker is just laying it there; it wakes the clerk when it has.
    pub(crate) fn clear_tray(&self) -> Option<Made> {
        self.tray.try_lock().ok().and_then(|mut tray| tray.take())
    }

    fn deliver(&self, made: Made, desk: &Desk) {
        loop {
            let mut tray = self.tray.lock().unwrap_or_else(PoisonError::into_inner);
            if tray.is_none() {
                *tray = Some(made);
                break;
            }
            drop(tray);
            if self.job() == Job::Leave {
                return;
            }
            thread::park_timeout(TRAY_PAUSE);
        }
        desk.wake_clerk();
    }

    /// Sleeps for `pause`, or until there is something else to do.
    fn pause(&self, pause: Duration, job: Job) {
        let until = Instant::now() + pause;
        while self.job() == job {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }
}

/// The engines of one maker, made when they are needed, and what they have done so far.
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

/// The life of a maker. `stock_share` is how much of its time it may spend on the stock, up to 1.
pub(crate) fn work(bench: &Workbench, desk: &Desk, kind: EngineKind, stock_share: f64) {
    let mut engines = Engines::new(kind, desk.epoch());
    loop {
        let job = bench.job();
        let (length, is_for_stock) = match job {
            Job::Leave => return,
            Job::Rest => {
                thread::park();
                continue;
            }
            Job::Make { length, is_for_stock } => (length, is_for_stock),
        };
        let epoch = desk.epoch();
        if engines.epoch != epoch {
            // Half-made pairs may exist twice, too.
            engines = Engines::new(kind, epoch);
        }
        let started = Instant::now();
        let mut proceed =
            || bench.job() == job && desk.epoch() == epoch && !(is_for_stock && started.elapsed() > STOCK_SLICE);
        let result = engines.next_pair(length, &mut proceed);
        let has_failed = result.is_err();
        if let Some(result) = result.transpose() {
            bench.deliver(Made { length, epoch, result }, desk);
        }
        if has_failed {
            bench.pause(FAILURE_PAUSE, job);
        } else if is_for_stock && stock_share < 1.0 {
            let rest = started.elapsed().mul_f64((1.0 - stock_share) / stock_share);
            bench.pause(rest, job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::length::LENGTHS;

    #[test]
    fn jobs_survive_their_encoding() {
        let mut jobs = vec![Job::Rest, Job::Leave];
        for length in LENGTHS {
            jobs.extend([true, false].map(|is_for_stock| Job::Make { length, is_for_stock }));
        }
        let mut codes: Vec<u8> = jobs.iter().map(|job| job.encode()).collect();
        assert!(jobs.iter().all(|job| Job::decode(job.encode()) == *job));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), jobs.len());
        assert_eq!(Job::decode(Workbench::default().job.load(Ordering::Relaxed)), Job::Rest);
    }
}
