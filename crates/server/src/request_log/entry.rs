//! The audit record of one request, from its headers to its end: its own record, or one shared with similar refusals.
//! A request that changed something has exactly one record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_audit::{AuditError, AuditRecord};
use claviger_base::id::RequestId;
use claviger_vault::OutboxEntry;
use hyper::StatusCode;
use tokio::sync::oneshot;

use super::RequestLog;
use super::audit_fields::AuditFields;
use super::outbox::{self, NOT_ANSWERED};
use super::refusals::{RecordPlace, RefusalKind};
use crate::protocol::Protocol;

/// The entry of one request. If dropped unwritten, it records that the client disconnected.
pub(crate) struct Entry {
    request_log: Arc<RequestLog>,
    protocol: Protocol,
    request_id: RequestId,
    peer: SocketAddr,
    started: Instant,
    /// The data of the request so far.
    pub(crate) fields: AuditFields,
    /// The change that the request committed; known at the end.
    change: Option<OutboxEntry>,
    is_written: bool,
}

impl RequestLog {
    /// Begins the entry of one request.
    pub(crate) fn begin(
        self: &Arc<Self>,
        protocol: Protocol,
        request_id: RequestId,
        peer: SocketAddr,
        started: Instant,
    ) -> Entry {
        let (request_log, fields) = (Arc::clone(self), AuditFields::default());
        Entry { request_log, protocol, request_id, peer, started, fields, change: None, is_written: false }
    }
}

impl Entry {
    /// When the head of the request had arrived.
    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// Makes the record durable, then counts and logs the request.
    ///
    /// # Errors
    /// [`AuditError`] if the record is not durable; the answer must then not be sent.
    pub(crate) async fn write(mut self) -> Result<(), AuditError> {
        self.is_written = true;
        self.change = self.committed();
        let (written, has_own) = self.append().await;
        match (self.change.take(), &written) {
            (Some(change), Ok(())) => self.request_log.outbox.note_written(change),
            (Some(change), Err(_)) => self.request_log.outbox.note_unwritten(change, Some(NOT_ANSWERED)),
            (None, _) => {}
        }
        if written.is_err() {
            tracing::error!(request_id = %self.request_id, "the audit log cannot write the record; answering 503");
        }
        self.count_and_log(written.is_ok(), has_own);
        written
    }

    /// The change that this request committed. The Instance API changes nothing.
    fn committed(&self) -> Option<OutboxEntry> {
        match self.protocol {
            Protocol::Rpc => self.request_log.outbox.take(&self.request_id),
            Protocol::Instance => None,
        }
    }

    /// Writes the record; returns whether it is durable, and whether it is the request's own.
    async fn append(&self) -> (Result<(), AuditError>, bool) {
        if self.may_share() {
            let (waiting, durable) = oneshot::channel();
            if let RecordPlace::Shared { is_first } = self.place(Some(waiting)) {
                self.request_log.schedule_shared_records(is_first);
                let is_durable = durable.await == Ok(true);
                return (if is_durable { Ok(()) } else { Err(AuditError::Unavailable) }, false);
            }
        }
        (self.request_log.log.append(self.record()).await.map(|_seq| ()), true)
    }

    /// Whether the request may share a record with others that were refused for the same reason.
    fn may_share(&self) -> bool {
        self.fields.has_no_access() && self.change.is_none()
    }

    fn place(&self, waiting: Option<oneshot::Sender<bool>>) -> RecordPlace {
        let principal = self.fields.not_admitted();
        self.request_log.refusals.place(self.refusal(), self.peer, principal, waiting)
    }

    fn refusal(&self) -> RefusalKind {
        let (status, code) = self.outcome();
        RefusalKind { protocol: self.protocol, status, code, is_verified: self.fields.not_admitted().is_some() }
    }

    fn record(&self) -> AuditRecord {
        let fields = &self.fields;
        let (status, code) = self.outcome();
        let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        if let Some(change) = &self.change {
            // The record describes the committed change, whatever the answer was.
            let detail = if status.is_success() { fields.detail() } else { Some(NOT_ANSWERED) };
            return AuditRecord { duration_us, ..outbox::record(change, detail) };
        }
        AuditRecord {
            time: self.request_log.clock.now(),
            request_id: self.request_id.clone(),
            plane: self.protocol.plane(),
            operation: fields.operation.unwrap_or("-").to_owned(),
            principal: fields.principal().unwrap_or_else(|| "-".to_owned()),
            source: Some(self.peer),
            key_id: fields.subject().map(str::to_owned),
            named: fields.named().map(str::to_owned),
            key_version_id: fields.key_version_id().map(ToString::to_string),
            code: code.to_owned(),
            status: status.as_u16(),
            duration_us,
            detail: fields.detail(),
            repeated: None,
        }
    }

    fn outcome(&self) -> (StatusCode, &'static str) {
        // Web servers log 499 for a client that closed the connection.
        let gone = StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT);
        self.fields.outcome().unwrap_or((gone, "ClientGone"))
    }

    /// A request without its own record has no log line of its own either.
    fn count_and_log(&self, is_durable: bool, has_own: bool) {
        let (status, code) = self.outcome();
        let code = if is_durable { code } else { "ServiceUnavailableTemporary" };
        let operation = self.fields.operation.unwrap_or("unknown");
        let took = self.started.elapsed();
        self.request_log.metrics.count(self.protocol.name(), operation, code, took);
        self.request_log.metrics.count_usage_warnings(self.fields.warnings());
        let (plane, peer, request_id) = (self.protocol.name(), self.peer, &self.request_id);
        let detail = self.fields.detail().unwrap_or_default();
        if !has_own {
            tracing::debug!(plane, code, %peer, %request_id, "refused; shares a record");
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
            // Interrupted between change and record: the next pass writes the record.
            self.request_log.outbox.note_unwritten(change, Some(NOT_ANSWERED));
            return self.count_and_log(true, true);
        }
        match self.may_share().then(|| self.place(None)) {
            Some(RecordPlace::Shared { is_first }) => {
                self.request_log.schedule_shared_records(is_first);
                return self.count_and_log(true, false);
            }
            Some(RecordPlace::Own) | None => drop(self.request_log.log.append(self.record())),
        }
        self.count_and_log(true, true);
    }
}
