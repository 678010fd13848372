//! Admission of data key pair requests. At the limit a request is refused at once, never queued here.
//!
//! A place is held for exactly as long as work is done for the request. When a caller goes away while waiting for a pair, its
//! place becomes free immediately and its request for a pair is withdrawn: the workers stop within milliseconds and keep
//! their progress for the next request. So connecting and resetting gains no more than one place does, and a caller that
//! broke off may ask again immediately, as at Alibaba Cloud, where the limit is on requests in flight. Once a pair has been
//! handed out, the place is held until it is wrapped, whether or not the caller is still there.
//!
//! Where there is more than one place, a client may take one as long as it holds fewer than are left free, the rule of
//! the request queue behind it (`keygen::generator::requests`): one client key alone cannot keep all others out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    inside: Arc<Mutex<Inside>>,
}

/// Who is inside: clients by their number, each with the places it holds.
#[derive(Debug, Default)]
struct Inside {
    total: usize,
    held: HashMap<u64, usize>,
}

/// A place among the requests in flight; given back on drop.
#[derive(Debug)]
pub struct PairPermit {
    client: u64,
    inside: Arc<Mutex<Inside>>,
}

impl PairGate {
    /// A gate with nobody inside.
    #[must_use]
    pub fn new(limit: PairConcurrency) -> Self {
        Self { limit, inside: Arc::default() }
    }

    /// `client` enters, if there is room and it does not hold as many places as are left free: alone it takes half of
    /// them and never the last. Where there is one place only, whoever comes first has it, as at Alibaba Cloud.
    ///
    /// # Errors
    /// [`ServiceError::ConcurrencyLimitExceeded`], at once.
    pub fn enter(&self, client: u64) -> Result<PairPermit, ServiceError> {
        let mut inside = lock(&self.inside);
        let held = inside.held.get(&client).copied().unwrap_or(0);
        let is_admitted = match self.limit {
            PairConcurrency::Unlimited => true,
            PairConcurrency::AtMost(limit) => {
                let free = limit.saturating_sub(inside.total);
                held < free
            }
        };
        if !is_admitted {
            return Err(ServiceError::ConcurrencyLimitExceeded);
        }
        inside.total = inside.total.saturating_add(1);
        inside.held.insert(client, held.saturating_add(1));
        drop(inside);
        Ok(PairPermit { client, inside: Arc::clone(&self.inside) })
    }

    /// How many are inside.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        lock(&self.inside).total
    }
}

impl Drop for PairPermit {
    fn drop(&mut self) {
        let mut inside = lock(&self.inside);
        inside.total = inside.total.saturating_sub(1);
        if let Entry::Occupied(mut held) = inside.held.entry(self.client) {
            let left = held.get().saturating_sub(1);
            if left == 0 {
                held.remove();
            } else {
                held.insert(left);
            }
        }
    }
}

/// No code panics while it holds this lock.
fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_at_a_time_and_the_place_comes_back() {
        let gate = PairGate::new(PairConcurrency::AtMost(1));
        let permit = gate.enter(1).unwrap();
        for client in [1, 2] {
            assert!(matches!(gate.enter(client), Err(ServiceError::ConcurrencyLimitExceeded)));
        }
        let other_handle = gate.clone();
        assert!(matches!(other_handle.enter(3), Err(ServiceError::ConcurrencyLimitExceeded)));
        assert_eq!(gate.in_flight(), 1);
        drop(permit);
        assert_eq!(gate.in_flight(), 0);
        assert!(gate.enter(2).is_ok());
    }

    #[test]
    fn unlimited_has_no_limit() {
        let gate = PairGate::new(PairConcurrency::Unlimited);
        let permits: Vec<_> = (0..10_000).map(|_| gate.enter(1).unwrap()).collect();
        assert_eq!(gate.in_flight(), permits.len());
    }

    /// As many places as this client gets.
    fn fill(gate: &PairGate, client: u64) -> Vec<PairPermit> {
        std::iter::from_fn(|| gate.enter(client).ok()).collect()
    }

    #[test]
    fn one_client_takes_half_and_leaves_room_for_others() {
        for limit in [2, 3, 8, 64, 1001] {
            let gate = PairGate::new(PairConcurrency::AtMost(limit));
            let first = fill(&gate, 1);
            assert_eq!(first.len(), limit.div_ceil(2), "{limit}");
            let second = fill(&gate, 2);
            assert!(!second.is_empty(), "{limit}: the second client gets in beside the first");
            drop(first);
            assert_eq!(gate.in_flight(), second.len());
            drop(second);
            assert!(lock(&gate.inside).held.is_empty(), "nobody is remembered who is not inside");
        }
    }

    proptest! {
        /// Clients come and go in any order. Whoever holds places and takes one more leaves one free for another.
        #[test]
        fn no_client_takes_the_last_place_from_others(
            limit in 2_usize..20,
            steps in prop::collection::vec((0_u64..4, any::<bool>()), 1..200),
        ) {
            let gate = PairGate::new(PairConcurrency::AtMost(limit));
            let mut held: Vec<Vec<PairPermit>> = (0..4).map(|_| Vec::new()).collect();
            for (client, comes) in steps {
                let of_client = &mut held[usize::try_from(client).unwrap()];
                if !comes {
                    of_client.pop();
                } else if let Ok(permit) = gate.enter(client) {
                    of_client.push(permit);
                    let has_one = of_client.len() == 1;
                    prop_assert!(gate.in_flight() < limit || has_one, "the last place goes to a client that has none");
                } else {
                    let free = limit - gate.in_flight();
                    prop_assert!(of_client.len() >= free, "refused although it holds less than is free");
                }
                let total: usize = held.iter().map(Vec::len).sum();
                prop_assert_eq!(gate.in_flight(), total);
                prop_assert!(total <= limit);
            }
        }
    }

    #[test]
    fn racers_never_exceed_the_limit() {
        let gate = PairGate::new(PairConcurrency::AtMost(3));
        std::thread::scope(|scope| {
            for client in 0..8 {
                let gate = &gate;
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        if let Ok(permit) = gate.enter(client) {
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
