//! Answers to callers whom nobody has verified: charged to the budget until they are sent or given up. A peer may ask on many
//! HTTP/2 streams and read none of the answers.
//!
//! The rule it keeps: a connection for whose answers there is no room is closed.

use bytes::Bytes;
use hyper::Response;
use hyper::body::Body as _;

use crate::answer::{self, Body};
use crate::unverified::{Account, Charge};

/// What a request takes beside its answer's body until that is sent: an HTTP/2 stream and its task, about 10 KB
/// (`strangers/budget` holds the sum of them to the budget).
const OVERHEAD: usize = 12 * 1024;

/// What one answer is charged.
#[derive(Debug)]
pub(crate) struct HeldAnswer {
    account: Account,
    charge: Option<Charge>,
}

impl HeldAnswer {
    /// For a request that is refused; its answer takes a while.
    pub(crate) fn begin(account: &Account) -> Self {
        let mut held = Self { account: account.clone(), charge: None };
        held.raise(OVERHEAD);
        held
    }

    /// Goes with the answer, until the last part of it is sent.
    pub(crate) fn attach(mut self, response: Response<Body>) -> Response<Body> {
        let length = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
        self.raise(OVERHEAD.saturating_add(length));
        response.map(|body| answer::with_owner(body, |bytes| Owned { bytes, _held: self }))
    }

    fn raise(&mut self, bytes: usize) {
        if !self.account.raise(&mut self.charge, bytes) {
            self.account.evict();
        }
    }
}

struct Owned {
    bytes: Bytes,
    _held: HeldAnswer,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http_body_util::BodyExt as _;
    use hyper::StatusCode;
    use prometheus_client::metrics::counter::Counter;
    use tokio::sync::watch;

    use super::*;
    use crate::unverified::Budget;

    #[tokio::test]
    async fn an_answer_is_charged_until_its_bytes_are_gone() {
        let budget = Budget::new(Counter::default(), Counter::default());
        let (evict, evicted) = watch::channel(false);
        let account = budget.open(IpAddr::from([192, 0, 2, 1]), evict);
        let held = HeldAnswer::begin(&account);
        assert_eq!(budget.held(), OVERHEAD);
        let response = held.attach(answer::text(StatusCode::BAD_REQUEST, "x".repeat(3000)));
        assert_eq!(budget.held(), OVERHEAD + 3000);
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!((bytes.len(), budget.held()), (3000, OVERHEAD + 3000), "it was handed out, and not sent");
        drop(bytes);
        assert_eq!(budget.held(), 0);
        // Nothing was in it to hold on to.
        drop(HeldAnswer::begin(&account).attach(answer::text(StatusCode::BAD_REQUEST, "")));
        assert_eq!(budget.held(), 0);
        assert!(!*evicted.borrow());
    }

    #[test]
    fn who_leaves_no_room_for_answers_goes() {
        let budget = Budget::new(Counter::default(), Counter::default());
        let (evict, evicted) = watch::channel(false);
        let account = budget.open(IpAddr::from([192, 0, 2, 1]), evict);
        let mut held = Vec::new();
        while !*evicted.borrow() {
            held.push(HeldAnswer::begin(&account));
            assert!(held.len() < 10_000);
        }
        assert_eq!(budget.held(), 0, "what it held is free at once");
        drop(held);
        assert_eq!(budget.held(), 0, "and is not given back twice");
    }
}
