//! Whether the store takes reads and writes, for `/readyz`. A look costs a durable write, so there is one a second at
//! most: requests in between get the last outcome, and those that come during a look wait for its outcome.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an outcome is answered.
pub(crate) const FRESH: Duration = Duration::from_secs(1);

/// The last outcome: ready, or why not.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<Looked>>,
}

#[derive(Debug)]
struct Looked {
    at: Instant,
    outcome: Result<(), String>,
}

impl Readiness {
    /// What `look` says, or what it said less than `fresh` ago. Blocks as `look` does.
    ///
    /// # Errors
    /// Those of `look`.
    pub(crate) fn outcome(&self, fresh: Duration, look: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        // Held while somebody looks: that is how others share the outcome.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(looked) = last.as_ref().filter(|looked| looked.at.elapsed() < fresh) {
            return looked.outcome.clone();
        }
        let outcome = look();
        *last = Some(Looked { at: Instant::now(), outcome: outcome.clone() });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const FOR_EVER: Duration = Duration::MAX;

    #[test]
    fn a_fresh_outcome_is_answered_again_and_a_stale_one_is_not() {
        let readiness = Readiness::default();
        let refuse = || Err("the disk is full".to_owned());
        let must_not_look = || panic!("there is a fresh outcome");
        assert_eq!(readiness.outcome(FOR_EVER, refuse), refuse());
        assert_eq!(readiness.outcome(FOR_EVER, must_not_look), refuse(), "a failure is an outcome, too");
        assert_eq!(readiness.outcome(Duration::ZERO, || Ok(())), Ok(()));
        assert_eq!(readiness.outcome(FOR_EVER, must_not_look), Ok(()));
        assert_eq!(readiness.outcome(Duration::ZERO, refuse), refuse());
    }

    #[test]
    fn those_that_come_at_once_share_one_look() {
        const THREADS: usize = 16;
        let (readiness, looks, start) = (Readiness::default(), AtomicUsize::new(0), Barrier::new(THREADS));
        let look = || {
            looks.fetch_add(1, Ordering::SeqCst);
            // Long enough for the others to come; whoever comes later gets the same.
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    assert_eq!(readiness.outcome(FOR_EVER, look), Ok(()));
                });
            }
        });
        assert_eq!(looks.load(Ordering::SeqCst), 1);
    }
}
