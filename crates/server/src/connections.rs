//! Limits of open connections and of TLS handshakes, in total and per source.
//!
//! At a limit, a new connection evicts an older one: the oldest unverified connection of the source that has most of them.
//! A connection that carried a verified request is never evicted. Idle connections, from however many addresses, therefore
//! cannot lock new callers out, and a source that reconnects in a loop cannot evict a slow caller.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The limits of one listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Open connections.
    pub(crate) connections: usize,
    /// Open connections of one source.
    pub(crate) connections_per_source: usize,
    /// TLS handshakes in progress.
    pub(crate) handshakes: usize,
    /// TLS handshakes in progress of one source.
    pub(crate) handshakes_per_source: usize,
}

impl ConnectionLimits {
    /// A quarter of the connections may be in the handshake, and half of those may belong to one source.
    pub(crate) fn new(connections: usize, connections_per_source: usize) -> Self {
        let handshakes = (connections / 4).max(16);
        let handshakes_per_source = (handshakes / 2).min(connections_per_source).max(1);
        Self { connections, connections_per_source, handshakes, handshakes_per_source }
    }
}

/// The source that an address belongs to: the IPv4 address itself, or the IPv6 /64 network, the usual size of one site.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// Admits the connections of one listener.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionLimiter(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    limits: ConnectionLimits,
    /// The number of the next connection. Older connections have smaller numbers.
    next: u64,
    total: usize,
    by_source: HashMap<IpAddr, usize>,
    /// Connections that carried no verified request.
    unverified: BySource,
    /// Those of them that have not finished the TLS handshake.
    handshaking: BySource,
    /// The source and the eviction signal of every connection that has a permit.
    open: HashMap<u64, (IpAddr, watch::Sender<bool>)>,
}

/// Connection numbers by source.
#[derive(Debug, Default)]
struct BySource {
    total: usize,
    by_source: HashMap<IpAddr, BTreeSet<u64>>,
}

impl BySource {
    fn insert(&mut self, source: IpAddr, number: u64) {
        self.total += usize::from(self.by_source.entry(source).or_default().insert(number));
    }

    fn remove(&mut self, source: IpAddr, number: u64) {
        if let Some(numbers) = self.by_source.get_mut(&source) {
            self.total -= usize::from(numbers.remove(&number));
            if numbers.is_empty() {
                self.by_source.remove(&source);
            }
        }
    }

    /// The oldest connection of the source that has most. Of several such sources, the one with the oldest connection counts.
    fn oldest_of_largest_source(&self) -> Option<u64> {
        let by_source = self.by_source.values();
        let most = by_source.max_by_key(|numbers| (numbers.len(), std::cmp::Reverse(numbers.first().copied())))?;
        most.first().copied()
    }

    fn oldest_of_source(&self, source: IpAddr) -> Option<u64> {
        self.by_source.get(&source)?.first().copied()
    }

    fn count_of_source(&self, source: IpAddr) -> usize {
        self.by_source.get(&source).map_or(0, BTreeSet::len)
    }
}

/// The permit of one connection. Returned on drop.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    number: u64,
    source: IpAddr,
    limiter: ConnectionLimiter,
    evict: watch::Sender<bool>,
}

/// An admitted connection.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) permit: ConnectionPermit,
    /// Whether another connection was evicted.
    pub(crate) has_evicted: bool,
}

impl ConnectionLimiter {
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(Mutex::new(State {
            limits,
            next: 0,
            total: 0,
            by_source: HashMap::new(),
            unverified: BySource::default(),
            handshaking: BySource::default(),
            open: HashMap::new(),
        })))
    }

    /// Admits a connection from `address`, if necessary by an eviction. `None` when every candidate for the eviction belongs
    /// to a verified caller.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<Admitted> {
        let source = source(address);
        let mut state = self.lock();
        let mut evicted = 0_usize;
        if state.handshaking.count_of_source(source) >= state.limits.handshakes_per_source {
            let oldest = state.handshaking.oldest_of_source(source);
            evicted += usize::from(state.evict(oldest));
        } else if state.handshaking.total >= state.limits.handshakes {
            let oldest = state.handshaking.oldest_of_largest_source();
            evicted += usize::from(state.evict(oldest));
        }
        if state.by_source.get(&source).copied().unwrap_or(0) >= state.limits.connections_per_source {
            let oldest = state.unverified.oldest_of_source(source);
            if !state.evict(oldest) {
                return None;
            }
            evicted += 1;
        }
        if state.total >= state.limits.connections {
            let oldest = state.unverified.oldest_of_largest_source();
            if !state.evict(oldest) {
                return None;
            }
            evicted += 1;
        }
        let evict = watch::Sender::new(false);
        let number = state.next;
        state.next += 1;
        state.total += 1;
        *state.by_source.entry(source).or_default() += 1;
        state.unverified.insert(source, number);
        state.handshaking.insert(source, number);
        state.open.insert(number, (source, evict.clone()));
        drop(state);
        let permit = ConnectionPermit { number, source, limiter: self.clone(), evict };
        Some(Admitted { permit, has_evicted: evicted > 0 })
    }

    /// The number of open connections.
    #[cfg(test)]
    pub(crate) fn open_count(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Signals the eviction to this connection and takes its permit back.
    fn evict(&mut self, number: Option<u64>) -> bool {
        let Some(number) = number else { return false };
        let Some((_, evict)) = self.open.get(&number) else { return false };
        evict.send_replace(true);
        self.remove(number);
        true
    }

    fn remove(&mut self, number: u64) {
        let Some((source, _)) = self.open.remove(&number) else { return };
        self.unverified.remove(source, number);
        self.handshaking.remove(source, number);
        self.total = self.total.saturating_sub(1);
        if let Some(count) = self.by_source.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }
}

impl ConnectionPermit {
    /// The TLS handshake succeeded.
    pub(crate) fn finish_handshake(&self) {
        self.limiter.lock().handshaking.remove(self.source, self.number);
    }

    /// The connection carried a verified request and is no longer evicted.
    pub(crate) fn mark_verified(&self) {
        let mut state = self.limiter.lock();
        state.unverified.remove(self.source, self.number);
        state.handshaking.remove(self.source, self.number);
    }

    /// The source of the connection.
    pub(crate) fn source(&self) -> IpAddr {
        self.source
    }

    /// Sending `true` evicts the connection.
    pub(crate) fn eviction_sender(&self) -> watch::Sender<bool> {
        self.evict.clone()
    }

    /// Completes when the connection is evicted.
    pub(crate) async fn evicted(&self) {
        // `self` holds the sender, so this cannot fail.
        let mut evicted = self.evict.subscribe();
        let _cannot_fail = evicted.wait_for(|is_evicted| *is_evicted).await;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limiter.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(connections: usize, connections_per_source: usize) -> ConnectionLimiter {
        let (handshakes, handshakes_per_source) = (connections, connections);
        ConnectionLimiter::new(ConnectionLimits {
            connections,
            connections_per_source,
            handshakes,
            handshakes_per_source,
        })
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_evicted(permit: &ConnectionPermit) -> bool {
        *permit.evict.borrow()
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
    fn a_new_connection_evicts_the_oldest_unverified_one() {
        let limiter = limiter(3, 3);
        let known = limiter.admit(address(1)).unwrap().permit;
        known.mark_verified();
        let silent: Vec<_> = (2..4).map(|last| limiter.admit(address(last)).unwrap().permit).collect();
        let new = limiter.admit(address(9)).unwrap();
        assert!(new.has_evicted && is_evicted(&silent[0]) && !is_evicted(&silent[1]) && !is_evicted(&known));
        assert_eq!(limiter.open_count(), 3);
        drop(silent);
        assert_eq!(limiter.open_count(), 2, "the evicted connection had returned its permit");
        new.permit.mark_verified();
        let third = limiter.admit(address(4)).unwrap();
        assert!(!third.has_evicted);
        third.permit.mark_verified();
        assert!(limiter.admit(address(5)).is_none(), "every connection belongs to a verified caller");
        drop((known, new, third));
        assert_eq!(limiter.open_count(), 0);
        assert!(limiter.lock().by_source.is_empty() && limiter.lock().open.is_empty());
    }

    /// In earlier versions, two sources that connected in a loop evicted every caller with a slow handshake.
    #[test]
    fn sources_that_reconnect_in_a_loop_do_not_evict_a_slow_handshake() {
        let limits =
            ConnectionLimits { connections: 100, connections_per_source: 100, handshakes: 8, handshakes_per_source: 6 };
        let limiter = ConnectionLimiter::new(limits);
        let slow = limiter.admit(address(1)).unwrap().permit;
        let mut floods = Vec::new();
        for number in 0..50 {
            floods.push(limiter.admit(address(2 + number % 2)).unwrap().permit);
        }
        assert!(!is_evicted(&slow));
        assert_eq!(floods.iter().filter(|permit| !is_evicted(permit)).count(), 7);
    }

    #[test]
    fn a_source_at_its_limit_evicts_its_own_connections() {
        let limiter = limiter(10, 3);
        let other = limiter.admit(address(1)).unwrap().permit;
        let own: Vec<_> = (0..3).map(|_| limiter.admit(address(2)).unwrap().permit).collect();
        own[0].mark_verified();
        assert!(limiter.admit(address(2)).unwrap().has_evicted);
        assert!(is_evicted(&own[1]) && !is_evicted(&own[0]) && !is_evicted(&other));
        assert!(!limiter.admit(address(3)).unwrap().has_evicted, "other sources are below their limit");
    }

    #[test]
    fn handshakes_have_a_limit_of_their_own() {
        let limits =
            ConnectionLimits { connections: 10, connections_per_source: 10, handshakes: 3, handshakes_per_source: 2 };
        let limiter = ConnectionLimiter::new(limits);
        let first = limiter.admit(address(1)).unwrap().permit;
        let _second = limiter.admit(address(1)).unwrap();
        let third = limiter.admit(address(1)).unwrap();
        assert!(third.has_evicted && is_evicted(&first));
        third.permit.finish_handshake();
        assert!(!limiter.admit(address(1)).unwrap().has_evicted);
        assert!(!is_evicted(&third.permit));
        let _others: Vec<_> = (2..4).map(|last| limiter.admit(address(last)).unwrap()).collect();
        assert!(limiter.admit(address(5)).unwrap().has_evicted, "three handshakes are in progress");
    }
}
