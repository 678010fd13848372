//! Limits the memory that unverified callers take.
//!
//! Every head and body of such a caller is charged to a budget from its arrival until the caller is verified, the request is
//! refused or the connection ends. A refusal is charged until it is sent. A charge is the memory that is used, not the number
//! of bytes that were received. Connections that carried a verified request have a separate budget of the same size.
//!
//! When a budget is exhausted, the largest connection of the source that holds most is evicted. If that connection itself asks
//! for memory, it is refused instead.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::Request;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::watch;

/// Size of each of the two budgets: one for unverified callers, and one for connections that carried a verified request.
const BYTES_TOTAL_MAX: usize = 64 * 1024 * 1024;
/// Limit of the number of headers of a request. The HTTP/1.1 library has the same limit.
pub(crate) const HEADERS_MAX: usize = 100;
/// Limit of a request's head in bytes: names, values and target.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Memory of a header in addition to its bytes: its entry in the header map, doubled because the map reallocates as it grows.
const HEADER_OVERHEAD: usize = 256;
/// Memory of a request without headers.
const REQUEST_OVERHEAD: usize = 4 * 1024;
/// Minimum interval between warnings. The metrics count every event.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Why a head was refused unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// The head has too many headers or bytes.
    TooLarge,
    /// The budget is exhausted.
    BudgetExhausted,
}

/// The memory budgets of unverified and of verified connections.
#[derive(Debug, Clone)]
pub(crate) struct MemoryBudget {
    state: Arc<Mutex<State>>,
    evicted: Counter,
    refused: Counter,
}

#[derive(Debug)]
struct State {
    limit: usize,
    next: u64,
    holders: HashMap<u64, Holder>,
    unverified: Pool,
    verified: Pool,
    last_warning: Option<Instant>,
}

/// The used bytes of one budget, in total and by source.
#[derive(Debug, Default)]
struct Pool {
    total: usize,
    by_source: HashMap<IpAddr, usize>,
}

/// The bytes that one connection holds.
#[derive(Debug)]
struct Holder {
    source: IpAddr,
    bytes: usize,
    is_verified: bool,
    evict: watch::Sender<bool>,
}

/// The account of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    budget: MemoryBudget,
    number: u64,
    source: IpAddr,
    is_verified: Arc<AtomicBool>,
    evict: watch::Sender<bool>,
}

/// A part of the budget. Released on drop.
#[derive(Debug)]
pub(crate) struct Charge {
    account: Account,
    bytes: usize,
}

impl MemoryBudget {
    /// `evicted` counts evicted connections, `refused` counts refused charges.
    pub(crate) fn new(evicted: Counter, refused: Counter) -> Self {
        Self::with_limit(BYTES_TOTAL_MAX, evicted, refused)
    }

    fn with_limit(limit: usize, evicted: Counter, refused: Counter) -> Self {
        let (unverified, verified) = (Pool::default(), Pool::default());
        let state = State { limit, next: 0, holders: HashMap::new(), unverified, verified, last_warning: None };
        Self { state: Arc::new(Mutex::new(state)), evicted, refused }
    }

    /// Opens the account of a connection from `source`. Sending `true` on `evict` closes the connection.
    pub(crate) fn open(&self, source: IpAddr, evict: watch::Sender<bool>) -> Account {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        Account { budget: self.clone(), number, source, is_verified: Arc::default(), evict }
    }

    /// The bytes that unverified callers hold.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.lock().unverified.total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn add(&mut self, source: IpAddr, bytes: usize) {
        self.total = self.total.saturating_add(bytes);
        let by_source = self.by_source.entry(source).or_default();
        *by_source = by_source.saturating_add(bytes);
    }

    fn subtract(&mut self, source: IpAddr, bytes: usize) {
        self.total = self.total.saturating_sub(bytes);
        if let Some(by_source) = self.by_source.get_mut(&source) {
            *by_source = by_source.saturating_sub(bytes);
            if *by_source == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

impl State {
    fn pool(&mut self, is_verified: bool) -> &mut Pool {
        if is_verified { &mut self.verified } else { &mut self.unverified }
    }

    /// The connection that holds most, of the source that holds most.
    fn largest(&mut self, is_verified: bool) -> Option<u64> {
        let source = *self.pool(is_verified).by_source.iter().max_by_key(|(_, bytes)| **bytes)?.0;
        let by_source = |holder: &Holder| holder.source == source && holder.is_verified == is_verified;
        let holders = self.holders.iter().filter(|(_, holder)| by_source(holder));
        holders.max_by_key(|(_, holder)| holder.bytes).map(|(number, _)| *number)
    }

    /// Evicts other connections until `bytes` fit. Returns how many were evicted and whether `bytes` fit now.
    fn evict_others(&mut self, account: &Account, bytes: usize, is_verified: bool) -> (u64, bool) {
        let mut evicted = 0;
        while self.pool(is_verified).total.saturating_add(bytes) > self.limit {
            let largest = self.largest(is_verified).filter(|largest| *largest != account.number);
            let Some(holder) = largest.and_then(|largest| self.holders.remove(&largest)) else {
                return (evicted, false);
            };
            // The memory is free as soon as the task of the connection sees the signal, so it counts as free now.
            self.pool(is_verified).subtract(holder.source, holder.bytes);
            holder.evict.send_replace(true);
            evicted += 1;
        }
        (evicted, true)
    }

    fn may_warn(&mut self) -> bool {
        let is_due = self.last_warning.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL);
        if is_due {
            self.last_warning = Some(Instant::now());
        }
        is_due
    }
}

impl Account {
    /// The connection carried a verified request. What it holds moves to the other budget.
    pub(crate) fn mark_verified(&self) {
        let mut state = self.budget.lock();
        self.is_verified.store(true, Ordering::Relaxed);
        let Some(holder) = state.holders.get_mut(&self.number).filter(|holder| !holder.is_verified) else { return };
        holder.is_verified = true;
        let bytes = holder.bytes;
        state.unverified.subtract(self.source, bytes);
        state.verified.add(self.source, bytes);
    }

    /// Whether the connection carried a verified request.
    pub(crate) fn is_verified(&self) -> bool {
        self.is_verified.load(Ordering::Relaxed)
    }

    /// Charges `bytes`. `None` when the budget is exhausted or the connection was evicted.
    pub(crate) fn charge(&self, bytes: usize) -> Option<Charge> {
        self.take(bytes).then(|| Charge { account: self.clone(), bytes })
    }

    /// Evicts the connection and releases what it holds.
    pub(crate) fn evict(&self) {
        let mut state = self.budget.lock();
        if let Some(holder) = state.holders.remove(&self.number) {
            state.pool(holder.is_verified).subtract(holder.source, holder.bytes);
        }
        // Under the lock, as in `evict_others`.
        self.evict.send_replace(true);
    }

    fn take(&self, bytes: usize) -> bool {
        let mut state = self.budget.lock();
        // Under the lock: the eviction released everything, so nothing may be charged afterwards.
        if *self.evict.borrow() {
            return false;
        }
        let is_verified = self.is_verified();
        let (evicted, is_granted) = state.evict_others(self, bytes, is_verified);
        if is_granted {
            state.pool(is_verified).add(self.source, bytes);
            let (source, evict) = (self.source, &self.evict);
            let new = || Holder { source, bytes: 0, is_verified, evict: evict.clone() };
            state.holders.entry(self.number).or_insert_with(new).bytes += bytes;
        }
        let warns = (evicted > 0 || !is_granted) && state.may_warn();
        drop(state);
        self.budget.evicted.inc_by(evicted);
        self.budget.refused.inc_by(u64::from(!is_granted));
        if warns {
            let callers = if is_verified { "verified" } else { "unverified" };
            tracing::warn!(
                source = %self.source,
                "the memory budget for {callers} callers is exhausted; closing the connections that hold most"
            );
        }
        is_granted
    }

    /// Charges the head of `request` unless it is too large.
    pub(crate) fn charge_head<B>(&self, request: &Request<B>) -> Result<Charge, HeadError> {
        let headers = request.headers();
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        let lengths = headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let bytes = lengths.fold(target, usize::saturating_add);
        if headers.len() > HEADERS_MAX || bytes > HEAD_BYTES_MAX {
            return Err(HeadError::TooLarge);
        }
        self.charge(bytes + headers.len() * HEADER_OVERHEAD + REQUEST_OVERHEAD).ok_or(HeadError::BudgetExhausted)
    }

    /// Raises `charge` to `bytes` if it is less. `false` when the budget is exhausted.
    pub(crate) fn raise(&self, charge: &mut Option<Charge>, bytes: usize) -> bool {
        let more = bytes.saturating_sub(charge.as_ref().map_or(0, |charge| charge.bytes));
        if more == 0 {
            return true;
        }
        let is_granted = self.take(more);
        match charge {
            Some(charge) if is_granted => charge.bytes = bytes,
            None if is_granted => *charge = Some(Charge { account: self.clone(), bytes }),
            _ => {}
        }
        is_granted
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let mut state = self.account.budget.lock();
        // The eviction of a connection released all its charges.
        let Some(holder) = state.holders.get_mut(&self.account.number) else { return };
        holder.bytes = holder.bytes.saturating_sub(self.bytes);
        let (is_empty, is_verified) = (holder.bytes == 0, holder.is_verified);
        state.pool(is_verified).subtract(self.account.source, self.bytes);
        if is_empty {
            state.holders.remove(&self.account.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget_of(bytes: usize) -> MemoryBudget {
        MemoryBudget::with_limit(bytes, Counter::default(), Counter::default())
    }

    fn account(budget: &MemoryBudget, last: u8) -> (Account, watch::Receiver<bool>) {
        let (evict, evicted) = watch::channel(false);
        (budget.open(IpAddr::from([192, 0, 2, last]), evict), evicted)
    }

    fn request(headers: usize, value: &str) -> Request<()> {
        let mut request = Request::get("/?a=b");
        for number in 0..headers {
            request = request.header(format!("h{number}"), value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn heads_have_limits_of_count_and_size() {
        let budget = budget_of(BYTES_TOTAL_MAX);
        let (account, _evicted) = account(&budget, 1);
        assert!(account.charge_head(&request(HEADERS_MAX, "v")).is_ok());
        assert_eq!(account.charge_head(&request(HEADERS_MAX + 1, "v")).unwrap_err(), HeadError::TooLarge);
        assert!(account.charge_head(&request(1, &"v".repeat(HEAD_BYTES_MAX - 100))).is_ok());
        assert_eq!(account.charge_head(&request(1, &"v".repeat(HEAD_BYTES_MAX))).unwrap_err(), HeadError::TooLarge);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn the_memory_of_one_connection_is_bounded_and_released() {
        let budget = budget_of(100_000);
        let (account, evicted) = account(&budget, 1);
        let held: Vec<_> = std::iter::from_fn(|| account.charge_head(&request(90, "v")).ok()).collect();
        assert_eq!(held.len(), 3, "a small head of ninety headers takes far more memory than was sent");
        assert_eq!(account.charge_head(&request(90, "v")).unwrap_err(), HeadError::BudgetExhausted);
        assert!(!*evicted.borrow(), "the only holder is refused and not evicted");
        drop(held);
        let mut charge = None;
        assert!(
            account.raise(&mut charge, 0) && account.raise(&mut charge, 60_000) && account.raise(&mut charge, 100_000)
        );
        assert!(account.raise(&mut charge, 50_000) && !account.raise(&mut charge, 100_001));
        drop(charge);
        assert_eq!((budget.held(), budget.lock().holders.len(), budget.refused.get()), (0, 0, 3));
    }

    #[test]
    fn the_largest_connection_of_the_largest_source_is_evicted() {
        let budget = budget_of(100);
        let (busy, busy_evicted) = account(&budget, 1);
        let (other, other_evicted) = account(&budget, 1);
        let (single, single_evicted) = account(&budget, 2);
        let of_busy = busy.charge(35).unwrap();
        let _others = (other.charge(25).unwrap(), single.charge(40).unwrap());
        let (new, _new_evicted) = account(&budget, 3);
        let of_new = new.charge(30).expect("another connection is evicted");
        assert!(*busy_evicted.borrow() && !*other_evicted.borrow() && !*single_evicted.borrow());
        assert_eq!((budget.held(), budget.evicted.get()), (95, 1));
        assert!(busy.charge(1).is_none(), "it was evicted");
        drop(of_busy);
        assert_eq!(budget.held(), 95, "the eviction had released it");
        drop(of_new);
        assert_eq!(budget.held(), 65);
    }

    #[test]
    fn verified_connections_have_a_budget_of_their_own() {
        let budget = budget_of(100);
        let (verified, verified_evicted) = account(&budget, 1);
        let before = verified.charge(60).unwrap();
        verified.mark_verified();
        assert_eq!((budget.held(), budget.lock().verified.total), (0, 60), "its charge moves to the other budget");
        let (unverified, _evicted) = account(&budget, 2);
        let _all = unverified.charge(100).unwrap();
        assert!(unverified.charge(1).is_none() && !*verified_evicted.borrow());
        let after = verified.charge(40).unwrap();
        assert!(verified.charge(1).is_none());
        drop((before, after));
        assert_eq!((budget.held(), budget.lock().verified.total), (100, 0));
    }

    /// In earlier versions, one verified client could fill the budget of all verified connections.
    #[test]
    fn a_verified_caller_that_fills_its_budget_is_evicted() {
        let budget = budget_of(100);
        let (busy, busy_evicted) = account(&budget, 1);
        let (other, other_evicted) = account(&budget, 2);
        busy.mark_verified();
        other.mark_verified();
        let _of_busy = busy.charge(90).unwrap();
        let _of_other = other.charge(20).expect("the busy connection is evicted");
        assert!(*busy_evicted.borrow() && !*other_evicted.borrow());
        assert_eq!(budget.lock().verified.total, 20);
    }
}
