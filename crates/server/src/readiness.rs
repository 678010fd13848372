//! Checks for `/readyz` whether the store can be read and written. A check costs a durable write, so there is at most one per
//! second: requests in between get the last outcome, and requests during a check wait for its outcome.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an outcome is reused.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(1);

/// The last outcome: ready, or the reason why not.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<Checked>>,
}

#[derive(Debug)]
struct Checked {
    at: Instant,
    outcome: Result<(), String>,
}

impl Readiness {
    /// The last outcome if it is younger than `max_age`, else the outcome of `check`. Blocks as `check` does.
    ///
    /// # Errors
    /// The error of `check`.
    pub(crate) fn outcome(&self, max_age: Duration, check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        // Held during the check, so that concurrent requests share its outcome.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checked) = last.as_ref().filter(|checked| checked.at.elapsed() < max_age) {
            return checked.outcome.clone();
        }
        let outcome = check();
        *last = Some(Checked { at: Instant::now(), outcome: outcome.clone() });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const FOREVER: Duration = Duration::MAX;

    #[test]
    fn a_fresh_outcome_is_reused_and_a_stale_one_is_not() {
        let readiness = Readiness::default();
        let refuse = || Err("the disk is full".to_owned());
        let must_not_check = || panic!("there is a fresh outcome");
        assert_eq!(readiness.outcome(FOREVER, refuse), refuse());
        assert_eq!(readiness.outcome(FOREVER, must_not_check), refuse(), "a failure is an outcome, too");
        assert_eq!(readiness.outcome(Duration::ZERO, || Ok(())), Ok(()));
        assert_eq!(readiness.outcome(FOREVER, must_not_check), Ok(()));
        assert_eq!(readiness.outcome(Duration::ZERO, refuse), refuse());
    }

    #[test]
    fn concurrent_requests_share_one_check() {
        const THREADS: usize = 16;
        let (readiness, checks, start) = (Readiness::default(), AtomicUsize::new(0), Barrier::new(THREADS));
        let check = || {
            checks.fetch_add(1, Ordering::SeqCst);
            // Long enough for the other threads to arrive. Later ones reuse the outcome.
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    assert_eq!(readiness.outcome(FOREVER, check), Ok(()));
                });
            }
        });
        assert_eq!(checks.load(Ordering::SeqCst), 1);
    }
}
