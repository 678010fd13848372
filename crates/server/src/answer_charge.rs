//! Charges answers to unverified callers to the memory budget until they are sent or dropped, because a peer can send
//! requests on many HTTP/2 streams and read none of the answers. A connection whose answers exceed the budget is closed.

use bytes::Bytes;
use hyper::Response;
use hyper::body::Body as _;

use crate::answer::{self, Body};
use crate::unverified::{Account, Charge};

/// Memory of a request in addition to the body of its answer: an HTTP/2 stream and its task, about 10 KB. The test
/// `unverified_callers/budget` checks that the total stays within the budget.
const OVERHEAD: usize = 12 * 1024;

/// The charge of one answer.
#[derive(Debug)]
pub(crate) struct AnswerCharge {
    account: Account,
    charge: Option<Charge>,
}

impl AnswerCharge {
    /// Charges a request that will be refused.
    pub(crate) fn begin(account: &Account) -> Self {
        let mut held = Self { account: account.clone(), charge: None };
        held.raise(OVERHEAD);
        held
    }

    /// Charges the body and ties the charge to it, until its last part is sent.
    pub(crate) fn attach(mut self, response: Response<Body>) -> Response<Body> {
        let length = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
        self.raise(OVERHEAD.saturating_add(length));
        response.map(|body| answer::with_owner(body, |bytes| ChargedBytes { bytes, _charge: self }))
    }

    fn raise(&mut self, bytes: usize) {
        if !self.account.raise(&mut self.charge, bytes) {
            self.account.evict();
        }
    }
}

struct ChargedBytes {
    bytes: Bytes,
    _charge: AnswerCharge,
}

impl AsRef<[u8]> for ChargedBytes {
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
    use crate::unverified::MemoryBudget;

    #[tokio::test]
    async fn an_answer_is_charged_until_its_bytes_are_gone() {
        let budget = MemoryBudget::new(Counter::default(), Counter::default());
        let (evict, evicted) = watch::channel(false);
        let account = budget.open(IpAddr::from([192, 0, 2, 1]), evict);
        let held = AnswerCharge::begin(&account);
        assert_eq!(budget.held(), OVERHEAD);
        let response = held.attach(answer::text(StatusCode::BAD_REQUEST, "x".repeat(3000)));
        assert_eq!(budget.held(), OVERHEAD + 3000);
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!((bytes.len(), budget.held()), (3000, OVERHEAD + 3000), "the bytes are taken out but not sent");
        drop(bytes);
        assert_eq!(budget.held(), 0);
        // An empty body has no bytes that could hold the charge.
        drop(AnswerCharge::begin(&account).attach(answer::text(StatusCode::BAD_REQUEST, "")));
        assert_eq!(budget.held(), 0);
        assert!(!*evicted.borrow());
    }

    #[test]
    fn a_connection_whose_answers_exceed_the_budget_is_evicted() {
        let budget = MemoryBudget::new(Counter::default(), Counter::default());
        let (evict, evicted) = watch::channel(false);
        let account = budget.open(IpAddr::from([192, 0, 2, 1]), evict);
        let mut held = Vec::new();
        while !*evicted.borrow() {
            held.push(AnswerCharge::begin(&account));
            assert!(held.len() < 10_000);
        }
        assert_eq!(budget.held(), 0, "the eviction releases everything at once");
        drop(held);
        assert_eq!(budget.held(), 0, "the drop does not release it again");
    }
}
