//! What every request leaves behind: an audit record that is durable before the answer leaves, a metric, a log line.
//!
//! Rule: no secret enters a [`Facts`]; it holds names, ids, codes and times.

pub(crate) mod entry;
mod outbox;
mod refusals;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use claviger_audit::{AuditLog, Mark, Plane as Door, Record};
use claviger_base::Clock;
use claviger_base::id::{KeyId, RequestId};
use claviger_service::{Intent, Remarks, Service};
use claviger_vault::ChangePlane;
use hyper::StatusCode;

use self::outbox::Outbox;
use self::refusals::{Alike, GATHERED, Gathered, Refusal, RefusalAggregator};
use crate::error::StartError;
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
    refusals: RefusalAggregator,
    outbox: Outbox,
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
    /// Refused for what the caller is, whoever that is: it may do nothing here, so its requests may share records.
    is_shut_out: bool,
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

    /// The caller is known by its signature and refused for what it is: expired, or of a source that is not admitted.
    pub(crate) fn shut_out(&mut self, id: &str) {
        self.principal = Some(id.to_owned());
        self.is_shut_out = true;
    }

    /// Whether nobody was let in: an unverified caller, or one that may do nothing here.
    pub(crate) fn grants_nothing(&self) -> bool {
        self.is_shut_out || self.principal.as_ref().is_none_or(|principal| principal.starts_with(UNVERIFIED))
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

    /// For a change that this request makes.
    pub(crate) fn intent(&self, request_id: &RequestId, source: SocketAddr, started: Instant) -> Intent {
        Intent {
            request_id: request_id.clone(),
            plane: ChangePlane::Rpc,
            operation: self.operation.unwrap_or("-").to_owned(),
            principal: self.principal.clone().unwrap_or_else(|| "-".to_owned()),
            source: Some(source),
            sent_key: self.key_id.clone().filter(|_| self.is_key),
            started,
        }
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
    pub(crate) fn new(log: AuditLog, metrics: Arc<Metrics>, clock: Clock, service: Arc<Service>) -> Self {
        Self { log, metrics, clock, refusals: RefusalAggregator::new(), outbox: Outbox::new(service) }
    }

    /// Brings the records of changes that the last run left in the outbox to the log in `dir`. Blocks.
    ///
    /// # Errors
    /// When store or log cannot be read. A log that takes no records now gets them later.
    pub(crate) fn recover_outbox(&self, dir: &Path) -> Result<(), StartError> {
        self.outbox.recover(&self.log, dir)
    }

    /// Writes the records of changes that have none yet, and clears the outbox of those that have. Blocks.
    pub(crate) fn deliver(&self) {
        self.outbox.pass(&self.log);
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The last durable line of the log.
    pub(crate) fn head(&self) -> Mark {
        self.log.head()
    }

    /// Whether the log takes records.
    pub(crate) fn is_writable(&self) -> bool {
        self.log.is_writable()
    }

    /// Whether the log found no space for its next file.
    pub(crate) fn is_space_low(&self) -> bool {
        self.log.is_space_low()
    }
}

impl Journal {
    /// Sees to it, for the first request of a shared record, that the record is written once it has gathered.
    fn write_gathered_soon(self: &Arc<Self>, is_first: bool) {
        // Outside a runtime, when everything stops, the journal's end writes it.
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| is_first) else { return };
        let journal = Arc::clone(self);
        runtime.spawn(async move {
            tokio::time::sleep(GATHERED).await;
            let Gathered { refusals, waiting } = journal.refusals.take();
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
        tracing::warn!(plane, code, requests, %source, "many requests refused whose callers may do nothing here");
        Some(Record {
            time: self.clock.now(),
            request_id: RequestId::generate().ok()?,
            plane: door(refusal.plane),
            operation: "-".to_owned(),
            principal: alike.principal.unwrap_or_else(|| "-".to_owned()),
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
        for (refusal, alike) in self.refusals.take().refusals {
            self.shared_record(refusal, alike).map(|record| drop(self.log.append(record))).unwrap_or_default();
        }
    }
}

fn door(plane: Plane) -> Door {
    match plane {
        Plane::Instance => Door::Instance,
        Plane::Rpc => Door::Rpc,
    }
}
