//! Admission of data key pair requests: design.md section 5. At the limit a request is refused at once, never queued here.
//!
//! A place is held for exactly as long as work is done for the request. A caller that goes away while it waits for a pair
//! gives its place back at once, and its order is withdrawn with it: the makers stop within milliseconds and keep what
//! they have done for whoever comes next. So connecting and resetting buys nobody more than one place does, and a caller
//! that broke off may ask again at once, as at Alibaba Cloud, where the limit is on requests in flight. Once a pair has
//! been handed out, the place is held until it is wrapped, whether the caller is still there or not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::ServiceError;

/// How many data key pair requests may be in flight at once, over all four operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairConcurrency {
    /// This many; the seed's rule is 1.
    AtMost(usize),
    /// As many as come; generation is limited by the machine only.
    Unlimited,
}

impl fmt::Display for PairConcurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "{limit}"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

/// The one gate of an instance.
#[derive(Debug, Clone)]
pub struct PairGate {
    limit: PairConcurrency,
    in_flight: Arc<AtomicUsize>,
}

/// A place among the requests in flight; given back on drop.
#[derive(Debug)]
pub struct PairPermit {
    in_flight: Arc<AtomicUsize>,
}

impl PairGate {
    /// A gate with nobody inside.
    #[must_use]
    pub fn new(limit: PairConcurrency) -> Self {
        Self { limit, in_flight: Arc::default() }
    }

    /// Enters, if there is room.
    ///
    /// # Errors
    /// [`ServiceError::ConcurrencyLimitExceeded`], at once.
    pub fn enter(&self) -> Result<PairPermit, ServiceError> {
        let limit = match self.limit {
            PairConcurrency::AtMost(limit) => limit,
            PairConcurrency::Unlimited => usize::MAX,
        };
        let one_more = |inside: usize| (inside < limit).then_some(inside + 1);
        match self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more) {
            Ok(_) => Ok(PairPermit { in_flight: Arc::clone(&self.in_flight) }),
            Err(_full) => Err(ServiceError::ConcurrencyLimitExceeded),
        }
    }

    /// How many are inside.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }
}

impl Drop for PairPermit {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_place_comes_back() {
        let gate = PairGate::new(PairConcurrency::AtMost(1));
        let permit = gate.enter().unwrap();
        assert!(matches!(gate.enter(), Err(ServiceError::ConcurrencyLimitExceeded)));
        let other_handle = gate.clone();
        assert!(matches!(other_handle.enter(), Err(ServiceError::ConcurrencyLimitExceeded)));
        assert_eq!(gate.in_flight(), 1);
        drop(permit);
        assert_eq!(gate.in_flight(), 0);
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn unlimited_has_no_limit() {
        let gate = PairGate::new(PairConcurrency::Unlimited);
        let permits: Vec<_> = (0..10_000).map(|_| gate.enter().unwrap()).collect();
        assert_eq!(gate.in_flight(), permits.len());
    }

    #[test]
    fn racers_never_exceed_the_limit() {
        let gate = PairGate::new(PairConcurrency::AtMost(3));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        if let Ok(permit) = gate.enter() {
                            assert!(gate.in_flight() <= 3);
                            drop(permit);
                        }
                    }
                });
            }
        });
        assert_eq!(gate.in_flight(), 0);
    }
}
