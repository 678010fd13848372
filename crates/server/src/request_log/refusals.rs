//! Keeps a flood of requests that are refused for what their callers are (unknown, expired, at an address that is not
//! admitted) from filling the disk with audit records: beyond a rate, one record a second counts all that were refused for
//! the same reason.
//!
//! The rule it keeps: every request is counted in a durable record before its answer leaves. Requests of callers that may
//! do something here never share a record, whatever becomes of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::protocol::Protocol;

/// How many such requests get records of their own in one burst.
const RECORDS_AT_ONCE: u32 = 1_000;
/// How many get records of their own per second after that.
const RECORDS_PER_SECOND: u32 = 50;
/// How long requests are gathered into one record.
pub(super) const GATHERED: Duration = Duration::from_secs(1);

/// What requests that share a record have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RefusalKind {
    pub(super) protocol: Protocol,
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    /// Whether the callers' signatures verified.
    pub(super) is_verified: bool,
}

/// Requests refused for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusalGroup {
    pub(super) requests: u64,
    /// Where the first of them came from.
    pub(super) source: SocketAddr,
    /// Who sent the first of them, if its signature verified.
    pub(super) principal: Option<String>,
}

/// What was gathered, and who waits until it is durable.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) refusals: BTreeMap<RefusalKind, RefusalGroup>,
    pub(super) waiting: Vec<oneshot::Sender<bool>>,
}

/// Where a refused request is recorded.
#[derive(Debug)]
pub(super) enum Place {
    /// In a record of its own.
    Own,
    /// In the record that is being gathered. The first request has it written.
    Shared {
        /// Whether this request is the first.
        is_first: bool,
    },
}

/// Counts and gathers.
#[derive(Debug)]
pub(super) struct RefusalAggregator {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Records that may still be written, in thousandths, so that fractions of a second add up.
    allowance: u64,
    refilled: Instant,
    gathered: Gathered,
}

impl RefusalAggregator {
    pub(super) fn new() -> Self {
        let allowance = u64::from(RECORDS_AT_ONCE) * 1000;
        let state = State { allowance, refilled: Instant::now(), gathered: Gathered::default() };
        Self { state: Mutex::new(state) }
    }

    /// Finds a place for a refused request; in a shared one it is counted when this returns, and `waiting` is told
    /// whether the record became durable.
    pub(super) fn place(
        &self,
        refusal: RefusalKind,
        source: SocketAddr,
        principal: Option<&str>,
        waiting: Option<oneshot::Sender<bool>>,
    ) -> Place {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.take_allowance() {
            return Place::Own;
        }
        let gathered = &mut state.gathered;
        let is_first = gathered.refusals.is_empty();
        let first = || RefusalGroup { requests: 0, source, principal: principal.map(str::to_owned) };
        let group = gathered.refusals.entry(refusal).or_insert_with(first);
        group.requests = group.requests.saturating_add(1);
        gathered.waiting.extend(waiting);
        Place::Shared { is_first }
    }

    /// Takes what was gathered; the next request is a first one again.
    pub(super) fn take(&self) -> Gathered {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).gathered)
    }
}

impl State {
    fn take_allowance(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.refilled);
        let earned = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX).saturating_mul(RECORDS_PER_SECOND.into());
        if earned > 0 {
            self.refilled = now;
            self.allowance = self.allowance.saturating_add(earned).min(u64::from(RECORDS_AT_ONCE) * 1000);
        }
        let left = self.allowance.checked_sub(1000);
        self.allowance = left.unwrap_or(self.allowance);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: RefusalKind = RefusalKind {
        protocol: Protocol::Instance,
        status: StatusCode::UNAUTHORIZED,
        code: "SignatureNotMatch",
        is_verified: false,
    };

    fn source() -> SocketAddr {
        ([127, 0, 0, 1], 7).into()
    }

    fn own_records(aggregator: &RefusalAggregator, requests: u32) -> u32 {
        let is_own = |_| matches!(aggregator.place(REFUSAL, source(), None, None), Place::Own);
        (0..requests).map(is_own).map(u32::from).sum()
    }

    // Time is paused: it moves only where the test says so.
    #[tokio::test(start_paused = true)]
    async fn beyond_the_rate_requests_share_a_record_and_none_is_lost() {
        let aggregator = RefusalAggregator::new();
        assert_eq!(own_records(&aggregator, RECORDS_AT_ONCE + 500), RECORDS_AT_ONCE);
        let other = RefusalKind { code: "InvalidDate", status: StatusCode::BAD_REQUEST, ..REFUSAL };
        let (sender, told) = oneshot::channel();
        assert!(matches!(aggregator.place(other, source(), None, Some(sender)), Place::Shared { is_first: false }));
        let gathered = aggregator.take();
        let requests: u64 = gathered.refusals.values().map(|group| group.requests).sum();
        assert_eq!((gathered.refusals.len(), requests), (2, 501));
        gathered.waiting.into_iter().for_each(|waiting| waiting.send(true).unwrap());
        assert!(told.await.unwrap());
        assert!(matches!(aggregator.place(REFUSAL, source(), None, None), Place::Shared { is_first: true }));
    }

    #[tokio::test(start_paused = true)]
    async fn the_allowance_comes_back_with_time_up_to_its_bound() {
        let aggregator = RefusalAggregator::new();
        assert_eq!(own_records(&aggregator, 2 * RECORDS_AT_ONCE), RECORDS_AT_ONCE);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(own_records(&aggregator, 2 * RECORDS_AT_ONCE), 2 * RECORDS_PER_SECOND);
        tokio::time::advance(Duration::from_secs(86_400)).await;
        assert_eq!(own_records(&aggregator, 2 * RECORDS_AT_ONCE), RECORDS_AT_ONCE);
    }
}
