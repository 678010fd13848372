//! How the dispatcher and one worker communicate: the worker's job, and a place for its last result.
//!
//! A worker takes no lock that a request could wait for. It locks its own slot only, and the dispatcher, the other user of
//! that lock, never waits for it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use claviger_crypto::rsa::ModulusLength;

use super::broker::PairBroker;
use crate::error::KeygenError;
use crate::pair::Pair;

/// How often a worker checks whether the dispatcher has taken its previous result.
const RESULT_POLL_INTERVAL: Duration = Duration::from_millis(1);

/// What a worker is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Idle,
    Make { length: ModulusLength, is_for_stock: bool },
    Exit,
}

impl Job {
    const fn encode(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Exit => 1,
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
            _ => return if code == 0 { Self::Idle } else { Self::Exit },
        };
        Self::Make { length, is_for_stock: code % 2 == 1 }
    }
}

/// A finished attempt to make a pair.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) length: ModulusLength,
    pub(crate) epoch: u64,
    pub(crate) result: Result<Pair, KeygenError>,
}

/// What the dispatcher and one worker share.
#[derive(Debug, Default)]
pub(crate) struct WorkerSlot {
    job: AtomicU8,
    result: Mutex<Option<Finished>>,
    thread: OnceLock<Thread>,
}

impl WorkerSlot {
    /// Sets the worker's thread, which [`assign`](Self::assign) wakes.
    pub(crate) fn set_thread(&self, thread: Thread) {
        let _only_once = self.thread.set(thread);
    }

    pub(crate) fn job(&self) -> Job {
        Job::decode(self.job.load(Ordering::Acquire))
    }

    /// Sets the worker's job and, if that changed, wakes the worker.
    pub(crate) fn assign(&self, job: Job) {
        if self.job.swap(job.encode(), Ordering::AcqRel) != job.encode()
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// The result, if there is one. `None` while the worker is storing it; the worker wakes the dispatcher afterwards.
    pub(crate) fn take_result(&self) -> Option<Finished> {
        self.result.try_lock().ok().and_then(|mut result| result.take())
    }

    /// Stores a result once the dispatcher has taken the previous one. When told to exit meanwhile, drops it.
    pub(crate) fn deliver(&self, finished: Finished, broker: &PairBroker) {
        loop {
            let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
            if result.is_none() {
                *result = Some(finished);
                break;
            }
            drop(result);
            if self.job() == Job::Exit {
                return;
            }
            thread::park_timeout(RESULT_POLL_INTERVAL);
        }
        broker.wake_dispatcher();
    }

    /// Sleeps for `pause`, or until the job is no longer `job`.
    pub(crate) fn pause(&self, pause: Duration, job: Job) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::length::LENGTHS;

    #[test]
    fn jobs_survive_their_encoding() {
        let mut jobs = vec![Job::Idle, Job::Exit];
        for length in LENGTHS {
            jobs.extend([true, false].map(|is_for_stock| Job::Make { length, is_for_stock }));
        }
        let mut codes: Vec<u8> = jobs.iter().map(|job| job.encode()).collect();
        assert!(jobs.iter().all(|job| Job::decode(job.encode()) == *job));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), jobs.len());
        assert_eq!(Job::decode(WorkerSlot::default().job.load(Ordering::Relaxed)), Job::Idle);
    }
}
