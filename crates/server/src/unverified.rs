//! How much memory callers may take whom nobody has verified yet.
//!
//! The rules it keeps: every head and body that is held for such a caller is charged to a budget of bytes, by what it takes in
//! memory rather than by what was sent, from the moment it arrives until it is verified, refused or let go, and so is each
//! refusal until it is sent. Connections that carried a verified request have a budget of their own. When a budget is short, the connection that holds most, of the source that holds
//! most, goes; when that is the one that asks, it is refused.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::Request;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::watch;

/// All that is held for unverified callers at once; and, apart from that, for further requests of connections that carried a
/// verified one.
const BYTES_IN_ALL_MAX: usize = 64 * 1024 * 1024;
/// Most headers of a request. HTTP/1.1's library has the same limit.
pub(crate) const HEADERS_MAX: usize = 100;
/// Most bytes of a request's head, names, values and target.
pub(crate) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// What one header takes beside its bytes: its entry in the map of headers, twice while that grows.
const HEADER_OVERHEAD: usize = 256;
/// What a request takes whatever is in it.
const REQUEST_OVERHEAD: usize = 4 * 1024;
/// A shortage is told this often at most; the metrics count all.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Why a head is not even looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// More headers or bytes than any client sends.
    TooLarge,
    /// There is no memory left for it.
    NoRoom,
}

/// The budget.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
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
    told: Option<Instant>,
}

/// What is held of one budget, in all and by source.
#[derive(Debug, Default)]
struct Pool {
    total: usize,
    of_source: HashMap<IpAddr, usize>,
}

/// What one connection holds.
#[derive(Debug)]
struct Holder {
    source: IpAddr,
    bytes: usize,
    is_verified: bool,
    evict: watch::Sender<bool>,
}

/// One connection's account.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    budget: Budget,
    number: u64,
    source: IpAddr,
    is_verified: Arc<AtomicBool>,
    evict: watch::Sender<bool>,
}

/// A part of the budget; given back on drop.
#[derive(Debug)]
pub(crate) struct Charge {
    account: Account,
    bytes: usize,
}

impl Budget {
    /// `evicted` counts connections that had to go because they held most, `refused` what found no room.
    pub(crate) fn new(evicted: Counter, refused: Counter) -> Self {
        Self::of(BYTES_IN_ALL_MAX, evicted, refused)
    }

    fn of(limit: usize, evicted: Counter, refused: Counter) -> Self {
        let (unverified, verified) = (Pool::default(), Pool::default());
        let state = State { limit, next: 0, holders: HashMap::new(), unverified, verified, told: None };
        Self { state: Arc::new(Mutex::new(state)), evicted, refused }
    }

    /// The account of a connection from `source`, which is told to go by `evict`.
    pub(crate) fn open(&self, source: IpAddr, evict: watch::Sender<bool>) -> Account {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        Account { budget: self.clone(), number, source, is_verified: Arc::default(), evict }
    }

    /// What unverified callers hold, in bytes.
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
        let of_source = self.of_source.entry(source).or_default();
        *of_source = of_source.saturating_add(bytes);
    }

    fn subtract(&mut self, source: IpAddr, bytes: usize) {
        self.total = self.total.saturating_sub(bytes);
        if let Some(of_source) = self.of_source.get_mut(&source) {
            *of_source = of_source.saturating_sub(bytes);
            if *of_source == 0 {
                self.of_source.remove(&source);
            }
        }
    }
}

impl State {
    fn pool(&mut self, is_verified: bool) -> &mut Pool {
        if is_verified { &mut self.verified } else { &mut self.unverified }
    }

    /// The largest holder of the source that holds most.
    fn largest(&mut self, is_verified: bool) -> Option<u64> {
        let source = *self.pool(is_verified).of_source.iter().max_by_key(|(_, bytes)| **bytes)?.0;
        let of_source = |holder: &Holder| holder.source == source && holder.is_verified == is_verified;
        let holders = self.holders.iter().filter(|(_, holder)| of_source(holder));
        holders.max_by_key(|(_, holder)| holder.bytes).map(|(number, _)| *number)
    }

    /// Tells others to go until there is room for `bytes`: how many had to, and whether there is room.
    fn make_room(&mut self, account: &Account, bytes: usize, is_verified: bool) -> (u64, bool) {
        let mut evicted = 0;
        while self.pool(is_verified).total.saturating_add(bytes) > self.limit {
            let largest = self.largest(is_verified).filter(|largest| *largest != account.number);
            let Some(holder) = largest.and_then(|largest| self.holders.remove(&largest)) else {
                return (evicted, false);
            };
            // What it holds is free as soon as its task hears of it: at once, as far as the next caller is concerned.
            self.pool(is_verified).subtract(holder.source, holder.bytes);
            holder.evict.send_replace(true);
            evicted += 1;
        }
        (evicted, true)
    }

    /// Whether a shortage is to be told now.
    fn is_to_be_told(&mut self) -> bool {
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY);
        if is_due {
            self.told = Some(Instant::now());
        }
        is_due
    }
}

impl Account {
    /// The connection carried a verified request: what it holds is not a stranger's any more.
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

    /// Takes `bytes`; `None`: there are not so many left, or this connection was told to go.
    pub(crate) fn charge(&self, bytes: usize) -> Option<Charge> {
        self.take(bytes).then(|| Charge { account: self.clone(), bytes })
    }

    /// Tells the connection to go. What it holds is free at once.
    pub(crate) fn evict(&self) {
        let mut state = self.budget.lock();
        if let Some(holder) = state.holders.remove(&self.number) {
            state.pool(holder.is_verified).subtract(holder.source, holder.bytes);
        }
        // Under the lock, as in `make_room`.
        self.evict.send_replace(true);
    }

    fn take(&self, bytes: usize) -> bool {
        let mut state = self.budget.lock();
        // Under the lock: what it held is given back when it is told to go, and must not be counted again.
        if *self.evict.borrow() {
            return false;
        }
        let is_verified = self.is_verified();
        let (evicted, has_room) = state.make_room(self, bytes, is_verified);
        if has_room {
            state.pool(is_verified).add(self.source, bytes);
            let (source, evict) = (self.source, &self.evict);
            let new = || Holder { source, bytes: 0, is_verified, evict: evict.clone() };
            state.holders.entry(self.number).or_insert_with(new).bytes += bytes;
        }
        let is_told = (evicted > 0 || !has_room) && state.is_to_be_told();
        drop(state);
        self.budget.evicted.inc_by(evicted);
        self.budget.refused.inc_by(u64::from(!has_room));
        if is_told {
            let message = "unverified callers filled the memory there is for them; those that hold most are closed";
            tracing::warn!(newest = %self.source, was_verified = is_verified, "{message}");
        }
        has_room
    }

    /// Charges the head of `request`, if it is not too large.
    pub(crate) fn charge_head<B>(&self, request: &Request<B>) -> Result<Charge, HeadError> {
        let headers = request.headers();
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        let lengths = headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let bytes = lengths.fold(target, usize::saturating_add);
        if headers.len() > HEADERS_MAX || bytes > HEAD_BYTES_MAX {
            return Err(HeadError::TooLarge);
        }
        self.charge(bytes + headers.len() * HEADER_OVERHEAD + REQUEST_OVERHEAD).ok_or(HeadError::NoRoom)
    }

    /// Makes `charge` one of `bytes`, if it is less; `false`: there are not so many left.
    pub(crate) fn raise(&self, charge: &mut Option<Charge>, bytes: usize) -> bool {
        let more = bytes.saturating_sub(charge.as_ref().map_or(0, |charge| charge.bytes));
        if more == 0 {
            return true;
        }
        let is_taken = self.take(more);
        match charge {
            Some(charge) if is_taken => charge.bytes = bytes,
            None if is_taken => *charge = Some(Charge { account: self.clone(), bytes }),
            _ => {}
        }
        is_taken
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let mut state = self.account.budget.lock();
        // Of an evicted connection everything was given back already.
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

    fn budget_of(bytes: usize) -> Budget {
        Budget::of(bytes, Counter::default(), Counter::default())
    }

    fn account(budget: &Budget, last: u8) -> (Account, watch::Receiver<bool>) {
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
    fn heads_have_a_count_and_a_size() {
        let budget = budget_of(BYTES_IN_ALL_MAX);
        let (account, _evicted) = account(&budget, 1);
        assert!(account.charge_head(&request(HEADERS_MAX, "v")).is_ok());
        assert_eq!(account.charge_head(&request(HEADERS_MAX + 1, "v")).unwrap_err(), HeadError::TooLarge);
        assert!(account.charge_head(&request(1, &"v".repeat(HEAD_BYTES_MAX - 100))).is_ok());
        assert_eq!(account.charge_head(&request(1, &"v".repeat(HEAD_BYTES_MAX))).unwrap_err(), HeadError::TooLarge);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_one_holds_has_a_bound_and_comes_back() {
        let budget = budget_of(100_000);
        let (account, evicted) = account(&budget, 1);
        let held: Vec<_> = std::iter::from_fn(|| account.charge_head(&request(90, "v")).ok()).collect();
        assert_eq!(held.len(), 3, "a small head of ninety headers takes far more than was sent");
        assert_eq!(account.charge_head(&request(90, "v")).unwrap_err(), HeadError::NoRoom);
        assert!(!*evicted.borrow(), "who holds it all is refused more, and keeps what it has");
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
    fn who_holds_most_of_the_source_that_holds_most_goes_for_others() {
        let budget = budget_of(100);
        let (busy, busy_evicted) = account(&budget, 1);
        let (other, other_evicted) = account(&budget, 1);
        let (single, single_evicted) = account(&budget, 2);
        let of_busy = busy.charge(35).unwrap();
        let _others = (other.charge(25).unwrap(), single.charge(40).unwrap());
        let (new, _new_evicted) = account(&budget, 3);
        let of_new = new.charge(30).expect("somebody goes for it");
        assert!(*busy_evicted.borrow() && !*other_evicted.borrow() && !*single_evicted.borrow());
        assert_eq!((budget.held(), budget.evicted.get()), (95, 1));
        assert!(busy.charge(1).is_none(), "it was told to go");
        drop(of_busy);
        assert_eq!(budget.held(), 95, "that was given back already");
        drop(of_new);
        assert_eq!(budget.held(), 65);
    }

    #[test]
    fn verified_connections_have_a_budget_of_their_own() {
        let budget = budget_of(100);
        let (known, known_evicted) = account(&budget, 1);
        let before = known.charge(60).unwrap();
        known.mark_verified();
        assert_eq!((budget.held(), budget.lock().verified.total), (0, 60), "what it held goes with it");
        let (stranger, _evicted) = account(&budget, 2);
        let _all = stranger.charge(100).unwrap();
        assert!(stranger.charge(1).is_none() && !*known_evicted.borrow());
        let after = known.charge(40).unwrap();
        assert!(known.charge(1).is_none());
        drop((before, after));
        assert_eq!((budget.held(), budget.lock().verified.total), (100, 0));
    }

    /// One signed-in client filled the budget of all verified connections.
    #[test]
    fn a_known_caller_who_fills_that_budget_goes_for_the_others() {
        let budget = budget_of(100);
        let (busy, busy_evicted) = account(&budget, 1);
        let (other, other_evicted) = account(&budget, 2);
        busy.mark_verified();
        other.mark_verified();
        let _of_busy = busy.charge(90).unwrap();
        let _of_other = other.charge(20).expect("the busy one goes");
        assert!(*busy_evicted.borrow() && !*other_evicted.borrow());
        assert_eq!(budget.lock().verified.total, 20);
    }
}
