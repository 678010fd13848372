//! What every request leaves behind: an audit record that is durable before the answer leaves, a metric, a log line.
//!
//! Rule: no secret enters a [`Facts`]; it holds names, ids, codes and times.

mod crowd;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_audit::{AuditError, AuditLog, Plane as Door, Record};
use claviger_base::Clock;
use claviger_base::id::{KeyId, RequestId};
use claviger_service::{Remarks, Service};
use hyper::StatusCode;
use tokio::sync::oneshot;

use self::crowd::{Alike, Crowd, GATHERED, Gathered, Place, Refusal};
use crate::metrics::Metrics;
use crate::plane::Plane;

/// Longest text kept from an unverified request.
const CLAIM_CHARS_MAX: usize = 64;
/// Precedes an id that a caller only claims.
const UNVERIFIED: &str = "unverified:";

/// Writes what requests leave behind.
#[derive(Debug)]
pub(crate) struct Journal {
    log: AuditLog,
    metrics: Arc<Metrics>,
    clock: Clock,
    crowd: Crowd,
}

/// What is known about one request so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The operation, once its name was recognised.
    pub(crate) operation: Option<&'static str>,
    /// Who called, once the signature was verified.
    pub(crate) principal: Option<String>,
    /// The key, as named by the caller and then by its id; or what else it is about.
    key_id: Option<String>,
    /// Whether that is a key.
    is_key: bool,
    /// What was named beside it.
    pub(crate) named: Option<String>,
    /// The version that was used or made.
    pub(crate) key_version_id: Option<String>,
    /// Which parameter, or why, in words of the program.
    pub(crate) detail: Option<&'static str>,
    /// The client went away before there was an answer.
    is_gone: bool,
    /// What the operator should know about a use that was served.
    remarks: Remarks,
    outcome: Option<(StatusCode, &'static str)>,
}

impl Facts {
    /// The client went away: whatever is answered, nobody hears it.
    pub(crate) fn leave(&mut self) {
        self.is_gone = true;
    }

    #[cfg(test)]
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    #[cfg(test)]
    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// The caller's own word for who it is, before anything was verified.
    pub(crate) fn claim(&mut self, id: &str) {
        let id: String = id.chars().take(CLAIM_CHARS_MAX).collect();
        self.principal = Some(format!("{UNVERIFIED}{id}"));
    }

    /// The key as the caller named it.
    pub(crate) fn name_key(&mut self, name: &str) {
        self.name_other(name);
        self.is_key = !name.is_empty();
    }

    /// What a call is about that is about no key, as the caller named it.
    pub(crate) fn name_other(&mut self, name: &str) {
        if !name.is_empty() {
            self.key_id = Some(name.to_owned());
            self.is_key = false;
        }
    }

    /// The key that the caller named, perhaps by another name.
    pub(crate) fn find_key(&mut self, id: &KeyId) {
        let sent = self.key_id.replace(id.to_string()).filter(|sent| sent != id.as_str());
        self.named = self.named.take().or(sent);
    }

    /// Finds the key that was named by an alias or an ARN, for the record of a refusal, which may have come before that.
    pub(crate) async fn find_named_key(&mut self, service: &Service) {
        let Some(sent) = self.key_id.as_deref().filter(|_| self.is_key) else { return };
        let Ok(key) = service.key_ref_again(sent) else { return };
        if let Ok(id) = service.key_id(&key).await {
            self.find_key(&id);
        }
    }

    /// What is remarkable about the use, counted and marked.
    pub(crate) fn remark(&mut self, remarks: Remarks) {
        self.detail = self.detail.or(remarks.text());
        self.remarks = remarks;
    }

    /// How the request ended.
    pub(crate) fn end(&mut self, status: StatusCode, code: &'static str) {
        if !self.is_gone {
            self.outcome = Some((status, code));
        }
    }
}

impl Journal {
    pub(crate) fn new(log: AuditLog, metrics: Arc<Metrics>, clock: Clock) -> Self {
        Self { log, metrics, clock, crowd: Crowd::new() }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether the log takes records.
    pub(crate) fn is_writable(&self) -> bool {
        self.log.is_writable()
    }

    /// Begins the entry of one request.
    pub(crate) fn begin(
        self: &Arc<Self>,
        plane: Plane,
        request_id: RequestId,
        peer: SocketAddr,
        started: Instant,
    ) -> Entry {
        let facts = Facts::default();
        Entry { journal: Arc::clone(self), plane, request_id, peer, started, facts, is_written: false }
    }

    /// Records something the server did by itself. Does not wait until it is durable.
    pub(crate) fn record_own(&self, operation: &str, key_id: &str, key_version_id: Option<&str>, code: &str) {
        let Ok(request_id) = RequestId::generate() else { return };
        let record = Record {
            time: self.clock.now(),
            request_id,
            plane: Door::Local,
            operation: operation.to_owned(),
            principal: "claviger".to_owned(),
            source: None,
            key_id: Some(key_id.to_owned()),
            named: None,
            key_version_id: key_version_id.map(str::to_owned),
            code: code.to_owned(),
            status: 0,
            duration_us: 0,
            detail: None,
            repeated: None,
        };
        drop(self.log.append(record));
    }
}

impl Journal {
    /// Where a stranger's refused request is recorded.
    fn place(&self, refusal: Refusal, source: SocketAddr, waiting: Option<oneshot::Sender<bool>>) -> Place {
        self.crowd.place(refusal, source, waiting)
    }

    /// Sees to it, for the first request of a shared record, that the record is written once it has gathered.
    fn write_gathered_soon(self: &Arc<Self>, is_first: bool) {
        // Outside a runtime, when everything stops, the journal's end writes it.
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| is_first) else { return };
        let journal = Arc::clone(self);
        runtime.spawn(async move {
            tokio::time::sleep(GATHERED).await;
            let Gathered { refusals, waiting } = journal.crowd.take();
            let mut is_durable = true;
            for record in refusals.into_iter().map(|(refusal, alike)| journal.shared_record(refusal, alike)) {
                is_durable &= match record {
                    Some(record) => journal.log.append(record).await.is_ok(),
                    None => false,
                };
            }
            for waiting in waiting {
                // Who is gone needs no answer.
                let _gone = waiting.send(is_durable);
            }
        });
    }

    fn shared_record(&self, refusal: Refusal, alike: Alike) -> Option<Record> {
        let (plane, code, requests, source) = (refusal.plane.name(), refusal.code, alike.requests, alike.source);
        tracing::warn!(plane, code, requests, %source, "many requests of unknown callers refused");
        Some(Record {
            time: self.clock.now(),
            request_id: RequestId::generate().ok()?,
            plane: door(refusal.plane),
            operation: "-".to_owned(),
            principal: "-".to_owned(),
            source: Some(alike.source),
            key_id: None,
            named: None,
            key_version_id: None,
            code: refusal.code.to_owned(),
            status: refusal.status.as_u16(),
            duration_us: 0,
            detail: Some("refused alike"),
            repeated: Some(alike.requests),
        })
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        for (refusal, alike) in self.crowd.take().refusals {
            self.shared_record(refusal, alike).map(|record| drop(self.log.append(record))).unwrap_or_default();
        }
    }
}

/// Whether nobody knows who called.
fn is_of_a_stranger(facts: &Facts) -> bool {
    facts.principal.as_ref().is_none_or(|principal| principal.starts_with(UNVERIFIED))
}

fn door(plane: Plane) -> Door {
    match plane {
        Plane::Instance => Door::Instance,
        Plane::Rpc => Door::Rpc,
    }
}

/// The entry of one request. Dropped unwritten, it records that the client went away.
pub(crate) struct Entry {
    journal: Arc<Journal>,
    plane: Plane,
    request_id: RequestId,
    peer: SocketAddr,
    started: Instant,
    /// What is known so far.
    pub(crate) facts: Facts,
    is_written: bool,
}

impl Entry {
    /// Makes the record durable, then counts and logs the request.
    ///
    /// # Errors
    /// [`AuditError`] when the record is not durable; the answer must not leave then.
    pub(crate) async fn write(mut self) -> Result<(), AuditError> {
        self.is_written = true;
        let (written, has_own) = self.append().await;
        if written.is_err() {
            tracing::error!(request_id = %self.request_id, "the audit log takes no records; answering 503");
        }
        self.count_and_log(written.is_ok(), has_own);
        written
    }

    /// Whether the record is durable, and whether it is this request's own.
    async fn append(&self) -> (Result<(), AuditError>, bool) {
        if is_of_a_stranger(&self.facts) {
            let (waiting, told) = oneshot::channel();
            if let Place::Shared { is_first } = self.journal.place(self.refusal(), self.peer, Some(waiting)) {
                self.journal.write_gathered_soon(is_first);
                let is_durable = told.await == Ok(true);
                return (if is_durable { Ok(()) } else { Err(AuditError::Unavailable) }, false);
            }
        }
        (self.journal.log.append(self.record()).await.map(|_seq| ()), true)
    }

    fn refusal(&self) -> Refusal {
        let (status, code) = self.outcome();
        Refusal { plane: self.plane, status, code }
    }

    fn record(&self) -> Record {
        let facts = &self.facts;
        let (status, code) = self.outcome();
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
            duration_us: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
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
        if !self.is_written {
            let is_stranger = is_of_a_stranger(&self.facts);
            match is_stranger.then(|| self.journal.place(self.refusal(), self.peer, None)) {
                Some(Place::Shared { is_first }) => {
                    self.journal.write_gathered_soon(is_first);
                    return self.count_and_log(true, false);
                }
                Some(Place::Own) | None => drop(self.journal.log.append(self.record())),
            }
            self.count_and_log(true, true);
        }
    }
}
