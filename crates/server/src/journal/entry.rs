//! The record of one request, from its headers to its end: its own or one that it shares, and exactly one also where the
//! request has changed something.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_audit::{AuditError, Record};
use claviger_base::id::RequestId;
use claviger_vault::OutboxEntry;
use hyper::StatusCode;
use tokio::sync::oneshot;

use super::outbox::{self, NOT_ANSWERED};
use super::refusals::{Place, Refusal};
use super::{Facts, Journal, door};
use crate::plane::Plane;

/// The entry of one request. Dropped unwritten, it records that the client went away.
pub(crate) struct Entry {
    journal: Arc<Journal>,
    plane: Plane,
    request_id: RequestId,
    peer: SocketAddr,
    started: Instant,
    /// What is known so far.
    pub(crate) facts: Facts,
    /// The change that it has committed; known at the end.
    change: Option<OutboxEntry>,
    is_written: bool,
}

impl Journal {
    /// Begins the entry of one request.
    pub(crate) fn begin(
        self: &Arc<Self>,
        plane: Plane,
        request_id: RequestId,
        peer: SocketAddr,
        started: Instant,
    ) -> Entry {
        let (journal, facts) = (Arc::clone(self), Facts::default());
        Entry { journal, plane, request_id, peer, started, facts, change: None, is_written: false }
    }
}

impl Entry {
    /// When the request's head was here.
    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// Makes the record durable, then counts and logs the request.
    ///
    /// # Errors
    /// [`AuditError`] when the record is not durable; the answer must not leave then.
    pub(crate) async fn write(mut self) -> Result<(), AuditError> {
        self.is_written = true;
        self.change = self.committed();
        let (written, has_own) = self.append().await;
        match (self.change.take(), &written) {
            (Some(change), Ok(())) => self.journal.outbox.is_written(change),
            (Some(change), Err(_)) => self.journal.outbox.is_unwritten(change, Some(NOT_ANSWERED)),
            (None, _) => {}
        }
        if written.is_err() {
            tracing::error!(request_id = %self.request_id, "the audit log takes no records; answering 503");
        }
        self.count_and_log(written.is_ok(), has_own);
        written
    }

    /// The change that this request has committed. The data plane changes nothing.
    fn committed(&self) -> Option<OutboxEntry> {
        match self.plane {
            Plane::Rpc => self.journal.outbox.take(&self.request_id),
            Plane::Instance => None,
        }
    }

    /// Whether the record is durable, and whether it is this request's own.
    async fn append(&self) -> (Result<(), AuditError>, bool) {
        if self.may_share() {
            let (waiting, told) = oneshot::channel();
            if let Place::Shared { is_first } = self.place(Some(waiting)) {
                self.journal.write_gathered_soon(is_first);
                let is_durable = told.await == Ok(true);
                return (if is_durable { Ok(()) } else { Err(AuditError::Unavailable) }, false);
            }
        }
        (self.journal.log.append(self.record()).await.map(|_seq| ()), true)
    }

    /// Whether this may be recorded together with others that were refused alike.
    fn may_share(&self) -> bool {
        self.facts.grants_nothing() && self.change.is_none()
    }

    fn place(&self, waiting: Option<oneshot::Sender<bool>>) -> Place {
        let principal = self.facts.principal.as_deref().filter(|_| self.facts.is_shut_out);
        self.journal.refusals.place(self.refusal(), self.peer, principal, waiting)
    }

    fn refusal(&self) -> Refusal {
        let (status, code) = self.outcome();
        Refusal { plane: self.plane, status, code, is_verified: self.facts.is_shut_out }
    }

    fn record(&self) -> Record {
        let facts = &self.facts;
        let (status, code) = self.outcome();
        let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(change) = &self.change {
            // What was committed is what its record says, whatever became of the answer.
            let detail = if status.is_success() { facts.detail } else { Some(NOT_ANSWERED) };
            return Record { duration_us, ..outbox::record(change, detail) };
        }
        Record {
            time: self.journal.clock.now(),
            request_id: self.request_id.clone(),
            plane: door(self.plane),
            operation: facts.operation.unwrap_or("-").to_owned(),
            principal: facts.principal.clone().unwrap_or_else(|| "-".to_owned()),
            source: Some(self.peer),
            key_id: facts.key_id.clone(),
            named: facts.named.clone(),
            key_version_id: facts.key_version_id.clone(),
            code: code.to_owned(),
            status: status.as_u16(),
            duration_us,
            detail: facts.detail,
            repeated: None,
        }
    }

    fn outcome(&self) -> (StatusCode, &'static str) {
        // 499 is what web servers by custom log for a client that closed the connection.
        let gone = StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT);
        self.facts.outcome.unwrap_or((gone, "ClientGone"))
    }

    /// A request without a record of its own has no line of its own either.
    fn count_and_log(&self, is_durable: bool, has_own: bool) {
        let (status, code) = self.outcome();
        let code = if is_durable { code } else { "ServiceUnavailableTemporary" };
        let operation = self.facts.operation.unwrap_or("unknown");
        let took = self.started.elapsed();
        self.journal.metrics.count(self.plane.name(), operation, code, took);
        self.journal.metrics.count_remarks(self.facts.remarks);
        let (plane, peer, request_id) = (self.plane.name(), self.peer, &self.request_id);
        let detail = self.facts.detail.unwrap_or_default();
        if !has_own {
            tracing::debug!(plane, code, %peer, %request_id, "refused, one of many");
        } else if status.is_success() && is_durable {
            tracing::debug!(plane, operation, code, %peer, %request_id, took_us = took.as_micros(), "served");
        } else {
            tracing::info!(plane, operation, code, detail, %peer, %request_id, took_us = took.as_micros(), "refused");
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        if let Some(change) = self.committed() {
            // It was cut off between its change and its record, which the next pass writes.
            self.journal.outbox.is_unwritten(change, Some(NOT_ANSWERED));
            return self.count_and_log(true, true);
        }
        match self.may_share().then(|| self.place(None)) {
            Some(Place::Shared { is_first }) => {
                self.journal.write_gathered_soon(is_first);
                return self.count_and_log(true, false);
            }
            Some(Place::Own) | None => drop(self.journal.log.append(self.record())),
        }
        self.count_and_log(true, true);
    }
}
