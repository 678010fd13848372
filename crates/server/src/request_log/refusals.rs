//! Limits the audit records of callers without access (unknown, expired, or at an address that is not admitted), so that
//! a flood of their requests cannot fill the disk. Above a rate, one record per second counts all requests that were
//! refused for the same reason.
//!
//! Every request is counted in a durable record before its answer is sent. Requests of callers with access never share a
//! record.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::protocol::Protocol;

/// Records per burst.
const RECORDS_AT_ONCE: u32 = 1_000;
/// Records per second after a burst.
const RECORDS_PER_SECOND: u32 = 50;
/// How long requests are aggregated into one record.
pub(super) const AGGREGATION_INTERVAL: Duration = Duration::from_secs(1);

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
    /// The source of the first request.
    pub(super) source: SocketAddr,
    /// The caller of the first request, if its signature verified.
    pub(super) principal: Option<String>,
}

/// The aggregated refusals, and the requests that wait until their record is durable.
#[derive(Debug, Default)]
pub(super) struct Aggregated {
    pub(super) refusals: BTreeMap<RefusalKind, RefusalGroup>,
    pub(super) waiting: Vec<oneshot::Sender<bool>>,
}

/// Where a refused request is recorded.
#[derive(Debug)]
pub(super) enum RecordPlace {
    /// In its own record.
    Own,
    /// In the next shared record. The first request schedules its writing.
    Shared {
        /// Whether this request is the first.
        is_first: bool,
    },
}

/// Limits own records, and aggregates the refusals above the limit.
#[derive(Debug)]
pub(super) struct RefusalAggregator {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Records that may still be written, in thousandths, so that fractions of a second add up.
    allowance: u64,
    refilled: Instant,
    aggregated: Aggregated,
}

impl RefusalAggregator {
    pub(super) fn new() -> Self {
        let allowance = u64::from(RECORDS_AT_ONCE) * 1000;
        let state = State { allowance, refilled: Instant::now(), aggregated: Aggregated::default() };
        Self { state: Mutex::new(state) }
    }

    /// Decides where a refused request is recorded. For a shared record, counts the request and later sends to `waiting`
    /// whether the record is durable.
    pub(super) fn place(
        &self,
        refusal: RefusalKind,
        source: SocketAddr,
        principal: Option<&str>,
        waiting: Option<oneshot::Sender<bool>>,
    ) -> RecordPlace {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.take_allowance() {
            return RecordPlace::Own;
        }
        let aggregated = &mut state.aggregated;
        let is_first = aggregated.refusals.is_empty();
        let first = || RefusalGroup { requests: 0, source, principal: principal.map(str::to_owned) };
        let group = aggregated.refusals.entry(refusal).or_insert_with(first);
        group.requests = group.requests.saturating_add(1);
        aggregated.waiting.extend(waiting);
        RecordPlace::Shared { is_first }
    }

    /// Takes the aggregated refusals; the next refusal is a first one again.
    pub(super) fn take(&self) -> Aggregated {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).aggregated)
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
        let is_own = |_| matches!(aggregator.place(REFUSAL, source(), None, None), RecordPlace::Own);
        (0..requests).map(is_own).map(u32::from).sum()
    }

    // Time is paused: only the test advances it.
    #[tokio::test(start_paused = true)]
    async fn above_the_rate_requests_share_a_record_and_each_is_counted() {
        let aggregator = RefusalAggregator::new();
        assert_eq!(own_records(&aggregator, RECORDS_AT_ONCE + 500), RECORDS_AT_ONCE);
        let other = RefusalKind { code: "InvalidDate", status: StatusCode::BAD_REQUEST, ..REFUSAL };
        let (sender, durable) = oneshot::channel();
        assert!(matches!(
            aggregator.place(other, source(), None, Some(sender)),
            RecordPlace::Shared { is_first: false }
        ));
        let aggregated = aggregator.take();
        let requests: u64 = aggregated.refusals.values().map(|group| group.requests).sum();
        assert_eq!((aggregated.refusals.len(), requests), (2, 501));
        aggregated.waiting.into_iter().for_each(|waiting| waiting.send(true).unwrap());
        assert!(durable.await.unwrap());
        assert!(matches!(aggregator.place(REFUSAL, source(), None, None), RecordPlace::Shared { is_first: true }));
    }

    #[tokio::test(start_paused = true)]
    async fn the_allowance_refills_up_to_its_limit() {
        let aggregator = RefusalAggregator::new();
        assert_eq!(own_records(&aggregator, 2 * RECORDS_AT_ONCE), RECORDS_AT_ONCE);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(own_records(&aggregator, 2 * RECORDS_AT_ONCE), 2 * RECORDS_PER_SECOND);
        tokio::time::advance(Duration::from_secs(86_400)).await;
        assert_eq!(own_records(&aggregator, 2 * RECORDS_AT_ONCE), RECORDS_AT_ONCE);
    }
}
