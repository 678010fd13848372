//! Admission of data key pair requests. At the limit a request is refused at once; nothing queues here.
//!
//! A request holds a permit for exactly as long as the server works for it. When a client disconnects while its request waits
//! for a pair, the permit is released at once and the request for the pair is withdrawn: the workers stop within milliseconds
//! and keep their progress for the next request. A client that connects and resets over and over therefore gains no more than
//! one permit. A client that disconnected may ask again immediately, as at Alibaba Cloud, where the limit is on requests in
//! flight. A request that has its pair holds the permit until the pair is wrapped, whether the client is still connected or
//! not.
//!
//! A client gets a permit if it holds fewer permits than are free. The queue that follows this limiter
//! (`keygen::generator::requests`) assigns its places by the same rule. One client key alone can therefore not shut out all
//! others, unless the limit is 1.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::ServiceError;

/// How many data key pair requests may be in flight at once, over all four operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairConcurrency {
    /// This many; Alibaba Cloud allows 1.
    AtMost(usize),
    /// No limit but the speed of the machine.
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

/// Counts the requests in flight of one instance.
#[derive(Debug, Clone)]
pub(crate) struct PairLimiter {
    limit: PairConcurrency,
    state: Arc<Mutex<InFlight>>,
}

/// The permits that are held: in all, and by each client that holds any.
#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    held: HashMap<u64, usize>,
}

/// The right of one request to be in flight. Released on drop.
#[derive(Debug)]
pub(crate) struct PairPermit {
    client: u64,
    state: Arc<Mutex<InFlight>>,
}

impl PairLimiter {
    /// A limiter with no request in flight.
    pub(crate) fn new(limit: PairConcurrency) -> Self {
        Self { limit, state: Arc::default() }
    }

    /// A permit for `client`, if it holds fewer than are free. A client that is alone gets half of the permits and never the
    /// last one. If the limit is 1, the first request gets the permit, as at Alibaba Cloud.
    ///
    /// # Errors
    /// [`ServiceError::ConcurrencyLimitExceeded`], at once.
    pub(crate) fn enter(&self, client: u64) -> Result<PairPermit, ServiceError> {
        let mut in_flight = lock(&self.state);
        let held = in_flight.held.get(&client).copied().unwrap_or(0);
        let is_admitted = match self.limit {
            PairConcurrency::Unlimited => true,
            PairConcurrency::AtMost(limit) => {
                let free = limit.saturating_sub(in_flight.total);
                held < free
            }
        };
        if !is_admitted {
            return Err(ServiceError::ConcurrencyLimitExceeded);
        }
        in_flight.total = in_flight.total.saturating_add(1);
        in_flight.held.insert(client, held.saturating_add(1));
        drop(in_flight);
        Ok(PairPermit { client, state: Arc::clone(&self.state) })
    }

    /// How many requests are in flight.
    pub(crate) fn in_flight(&self) -> usize {
        lock(&self.state).total
    }
}

impl Drop for PairPermit {
    fn drop(&mut self) {
        let mut in_flight = lock(&self.state);
        in_flight.total = in_flight.total.saturating_sub(1);
        if let Entry::Occupied(mut held) = in_flight.held.entry(self.client) {
            let left = held.get().saturating_sub(1);
            if left == 0 {
                held.remove();
            } else {
                held.insert(left);
            }
        }
    }
}

/// A poisoned lock is harmless: no code panics while it holds it.
fn lock(state: &Mutex<InFlight>) -> MutexGuard<'_, InFlight> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_at_a_time_and_the_permit_is_released() {
        let limiter = PairLimiter::new(PairConcurrency::AtMost(1));
        let permit = limiter.enter(1).unwrap();
        for client in [1, 2] {
            assert!(matches!(limiter.enter(client), Err(ServiceError::ConcurrencyLimitExceeded)));
        }
        let other_handle = limiter.clone();
        assert!(matches!(other_handle.enter(3), Err(ServiceError::ConcurrencyLimitExceeded)));
        assert_eq!(limiter.in_flight(), 1);
        drop(permit);
        assert_eq!(limiter.in_flight(), 0);
        assert!(limiter.enter(2).is_ok());
    }

    #[test]
    fn unlimited_has_no_limit() {
        let limiter = PairLimiter::new(PairConcurrency::Unlimited);
        let permits: Vec<_> = (0..10_000).map(|_| limiter.enter(1).unwrap()).collect();
        assert_eq!(limiter.in_flight(), permits.len());
    }

    /// Takes permits for this client until one is refused.
    fn fill(limiter: &PairLimiter, client: u64) -> Vec<PairPermit> {
        std::iter::from_fn(|| limiter.enter(client).ok()).collect()
    }

    #[test]
    fn one_client_gets_half_and_leaves_the_rest_to_others() {
        for limit in [2, 3, 8, 64, 1001] {
            let limiter = PairLimiter::new(PairConcurrency::AtMost(limit));
            let first = fill(&limiter, 1);
            assert_eq!(first.len(), limit.div_ceil(2), "{limit}");
            let second = fill(&limiter, 2);
            assert!(!second.is_empty(), "{limit}: the second client gets in beside the first");
            drop(first);
            assert_eq!(limiter.in_flight(), second.len());
            drop(second);
            assert!(lock(&limiter.state).held.is_empty(), "a client that holds nothing is not remembered");
        }
    }

    proptest! {
        /// Clients come and go in any order. A client that holds a permit never gets the last free one.
        #[test]
        fn no_client_gets_the_last_permit_unless_it_holds_none(
            limit in 2_usize..20,
            steps in prop::collection::vec((0_u64..4, any::<bool>()), 1..200),
        ) {
            let limiter = PairLimiter::new(PairConcurrency::AtMost(limit));
            let mut held: Vec<Vec<PairPermit>> = (0..4).map(|_| Vec::new()).collect();
            for (client, enters) in steps {
                let of_client = &mut held[usize::try_from(client).unwrap()];
                if !enters {
                    of_client.pop();
                } else if let Ok(permit) = limiter.enter(client) {
                    of_client.push(permit);
                    let has_one = of_client.len() == 1;
                    prop_assert!(limiter.in_flight() < limit || has_one, "the last permit goes to a client that has none");
                } else {
                    let free = limit - limiter.in_flight();
                    prop_assert!(of_client.len() >= free, "refused although it holds fewer than are free");
                }
                let total: usize = held.iter().map(Vec::len).sum();
                prop_assert_eq!(limiter.in_flight(), total);
                prop_assert!(total <= limit);
            }
        }
    }

    #[test]
    fn racers_never_exceed_the_limit() {
        let limiter = PairLimiter::new(PairConcurrency::AtMost(3));
        std::thread::scope(|scope| {
            for client in 0..8 {
                let limiter = &limiter;
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        if let Ok(permit) = limiter.enter(client) {
                            assert!(limiter.in_flight() <= 3);
                            drop(permit);
                        }
                    }
                });
            }
        });
        assert_eq!(limiter.in_flight(), 0);
    }
}
