//! Who may be connected: so many connections in all and from one source, so many TLS handshakes at once.
//!
//! The rule it keeps: a connection that carried a verified request stays; when a place is short, the oldest other one of the
//! source that has most of them goes. So silent connections, from however many addresses, do not keep a new caller out, and a
//! slow caller is not pushed out by a source that connects again and again.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// How many of what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once.
    pub(crate) connections: usize,
    /// Connections at once from one source.
    pub(crate) connections_per_source: usize,
    /// TLS handshakes at once.
    pub(crate) handshakes: usize,
    /// TLS handshakes at once from one source.
    pub(crate) handshakes_per_source: usize,
}

impl Limits {
    /// A quarter of the connections may be shaking hands, half of these from one source.
    pub(crate) fn new(connections: usize, connections_per_source: usize) -> Self {
        let handshakes = (connections / 4).max(16);
        let handshakes_per_source = (handshakes / 2).min(connections_per_source).max(1);
        Self { connections, connections_per_source, handshakes, handshakes_per_source }
    }
}

/// Where a connection comes from: an IPv4 address, or 64 bits of an IPv6 address, which one site has for itself.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// All places of one listener.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    limits: Limits,
    /// Counts connections; smaller numbers are older.
    next: u64,
    total: usize,
    of_source: HashMap<IpAddr, usize>,
    /// Those that may be closed for a new one.
    unverified: Group,
    /// Those of them that have not even agreed on keys.
    shaking_hands: Group,
    /// Every connection that has a place: where it comes from, and how it is told to go.
    present: HashMap<u64, (IpAddr, watch::Sender<bool>)>,
}

/// Connections by source, the oldest first.
#[derive(Debug, Default)]
struct Group {
    total: usize,
    of_source: HashMap<IpAddr, BTreeSet<u64>>,
}

impl Group {
    fn insert(&mut self, source: IpAddr, number: u64) {
        self.total += usize::from(self.of_source.entry(source).or_default().insert(number));
    }

    fn remove(&mut self, source: IpAddr, number: u64) {
        if let Some(numbers) = self.of_source.get_mut(&source) {
            self.total -= usize::from(numbers.remove(&number));
            if numbers.is_empty() {
                self.of_source.remove(&source);
            }
        }
    }

    /// The oldest of the source that has most; the oldest of such sources, where several have as many.
    fn oldest_of_most(&self) -> Option<u64> {
        let of_source = self.of_source.values();
        let most = of_source.max_by_key(|numbers| (numbers.len(), std::cmp::Reverse(numbers.first().copied())))?;
        most.first().copied()
    }

    fn oldest_of(&self, source: IpAddr) -> Option<u64> {
        self.of_source.get(&source)?.first().copied()
    }

    fn count_of(&self, source: IpAddr) -> usize {
        self.of_source.get(&source).map_or(0, BTreeSet::len)
    }
}

/// One connection's place; given back on drop.
#[derive(Debug)]
pub(crate) struct Place {
    number: u64,
    source: IpAddr,
    places: Places,
    evict: watch::Sender<bool>,
}

/// What admitting one connection came to.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) place: Place,
    /// Whether another connection has to go for it.
    pub(crate) has_evicted: bool,
}

impl Places {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(State {
            limits,
            next: 0,
            total: 0,
            of_source: HashMap::new(),
            unverified: Group::default(),
            shaking_hands: Group::default(),
            present: HashMap::new(),
        })))
    }

    /// A place for a connection from `address`, perhaps that of an older one which is told to go; `None`: all that could
    /// be given belong to verified callers.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<Admitted> {
        let source = source(address);
        let mut state = self.lock();
        let mut evicted = 0_usize;
        if state.shaking_hands.count_of(source) >= state.limits.handshakes_per_source {
            let oldest = state.shaking_hands.oldest_of(source);
            evicted += usize::from(state.evict(oldest));
        } else if state.shaking_hands.total >= state.limits.handshakes {
            let oldest = state.shaking_hands.oldest_of_most();
            evicted += usize::from(state.evict(oldest));
        }
        if state.of_source.get(&source).copied().unwrap_or(0) >= state.limits.connections_per_source {
            let oldest = state.unverified.oldest_of(source);
            if !state.evict(oldest) {
                return None;
            }
            evicted += 1;
        }
        if state.total >= state.limits.connections {
            let oldest = state.unverified.oldest_of_most();
            if !state.evict(oldest) {
                return None;
            }
            evicted += 1;
        }
        let evict = watch::Sender::new(false);
        let number = state.next;
        state.next += 1;
        state.total += 1;
        *state.of_source.entry(source).or_default() += 1;
        state.unverified.insert(source, number);
        state.shaking_hands.insert(source, number);
        state.present.insert(number, (source, evict.clone()));
        drop(state);
        let place = Place { number, source, places: self.clone(), evict };
        Some(Admitted { place, has_evicted: evicted > 0 })
    }

    /// How many connections have a place.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the place of this connection away and tells it to go.
    fn evict(&mut self, number: Option<u64>) -> bool {
        let Some(number) = number else { return false };
        let Some((_, evict)) = self.present.get(&number) else { return false };
        evict.send_replace(true);
        self.forget(number);
        true
    }

    fn forget(&mut self, number: u64) {
        let Some((source, _)) = self.present.remove(&number) else { return };
        self.unverified.remove(source, number);
        self.shaking_hands.remove(source, number);
        self.total = self.total.saturating_sub(1);
        if let Some(count) = self.of_source.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_source.remove(&source);
            }
        }
    }
}

impl Place {
    /// The handshake is over.
    pub(crate) fn has_agreed_on_keys(&self) {
        self.places.lock().shaking_hands.remove(self.source, self.number);
    }

    /// The connection carried a verified request: it stays.
    pub(crate) fn mark_verified(&self) {
        let mut state = self.places.lock();
        state.unverified.remove(self.source, self.number);
        state.shaking_hands.remove(self.source, self.number);
    }

    /// Where the connection comes from.
    pub(crate) fn source(&self) -> IpAddr {
        self.source
    }

    /// Tells the connection to go, once true is sent.
    pub(crate) fn evict(&self) -> watch::Sender<bool> {
        self.evict.clone()
    }

    /// Completes when the connection has to go for another one.
    pub(crate) async fn evicted(&self) {
        // The sender lives here: this cannot fail.
        let mut evicted = self.evict.subscribe();
        let _told = evicted.wait_for(|is_evicted| *is_evicted).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().forget(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, connections_per_source: usize) -> Places {
        let (handshakes, handshakes_per_source) = (connections, connections);
        Places::new(Limits { connections, connections_per_source, handshakes, handshakes_per_source })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_evicted(place: &Place) -> bool {
        *place.evict.borrow()
    }

    #[test]
    fn sources() {
        let same = [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9")];
        for (one, other) in same {
            assert_eq!(source(one.parse().unwrap()), source(other.parse().unwrap()), "{one}");
        }
        for (one, other) in [("192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::1", "2001:db8:1:3::1")] {
            assert_ne!(source(one.parse().unwrap()), source(other.parse().unwrap()), "{one}");
        }
    }

    #[test]
    fn the_oldest_silent_one_goes_for_a_new_caller_and_verified_ones_stay() {
        let places = places(3, 3);
        let known = places.admit(address(1)).unwrap().place;
        known.mark_verified();
        let silent: Vec<_> = (2..4).map(|last| places.admit(address(last)).unwrap().place).collect();
        let new = places.admit(address(9)).unwrap();
        assert!(new.has_evicted && is_evicted(&silent[0]) && !is_evicted(&silent[1]) && !is_evicted(&known));
        assert_eq!(places.taken(), 3);
        drop(silent);
        assert_eq!(places.taken(), 2, "the evicted one had no place any more");
        new.place.mark_verified();
        let third = places.admit(address(4)).unwrap();
        assert!(!third.has_evicted);
        third.place.mark_verified();
        assert!(places.admit(address(5)).is_none(), "all belong to verified callers");
        drop((known, new, third));
        assert_eq!(places.taken(), 0);
        assert!(places.lock().of_source.is_empty() && places.lock().present.is_empty());
    }

    /// Two sources that connect without pause pushed out whoever needs longer for a handshake.
    #[test]
    fn a_slow_handshake_is_not_pushed_out_by_sources_that_connect_again_and_again() {
        let limits = Limits { connections: 100, connections_per_source: 100, handshakes: 8, handshakes_per_source: 6 };
        let places = Places::new(limits);
        let slow = places.admit(address(1)).unwrap().place;
        let mut floods = Vec::new();
        for number in 0..50 {
            floods.push(places.admit(address(2 + number % 2)).unwrap().place);
        }
        assert!(!is_evicted(&slow));
        assert_eq!(floods.iter().filter(|place| !is_evicted(place)).count(), 7);
    }

    #[test]
    fn one_source_takes_from_itself_only() {
        let places = places(10, 3);
        let other = places.admit(address(1)).unwrap().place;
        let own: Vec<_> = (0..3).map(|_| places.admit(address(2)).unwrap().place).collect();
        own[0].mark_verified();
        assert!(places.admit(address(2)).unwrap().has_evicted);
        assert!(is_evicted(&own[1]) && !is_evicted(&own[0]) && !is_evicted(&other));
        assert!(!places.admit(address(3)).unwrap().has_evicted, "there is room for others");
    }

    #[test]
    fn handshakes_have_a_limit_of_their_own() {
        let limits = Limits { connections: 10, connections_per_source: 10, handshakes: 3, handshakes_per_source: 2 };
        let places = Places::new(limits);
        let first = places.admit(address(1)).unwrap().place;
        let _second = places.admit(address(1)).unwrap();
        let third = places.admit(address(1)).unwrap();
        assert!(third.has_evicted && is_evicted(&first));
        third.place.has_agreed_on_keys();
        assert!(!places.admit(address(1)).unwrap().has_evicted);
        assert!(!is_evicted(&third.place));
        let _others: Vec<_> = (2..4).map(|last| places.admit(address(last)).unwrap()).collect();
        assert!(places.admit(address(5)).unwrap().has_evicted, "three shake hands already");
    }
}
