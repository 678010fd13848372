//! What every request produces: an audit record that is durable before the answer is sent, metrics, and a log line.

pub(crate) mod audit_fields;
pub(crate) mod entry;
mod outbox;
mod refusals;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use claviger_audit::{AuditLog, AuditRecord, LogPosition};
use claviger_base::Clock;
use claviger_base::id::RequestId;
use claviger_service::Service;

use self::outbox::Outbox;
use self::refusals::{AGGREGATION_INTERVAL, Aggregated, RefusalAggregator, RefusalGroup, RefusalKind};
use crate::error::StartError;
use crate::metrics::Metrics;

/// Writes audit records, metrics and log lines of requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    log: AuditLog,
    metrics: Arc<Metrics>,
    clock: Clock,
    refusals: RefusalAggregator,
    outbox: Outbox,
}

impl RequestLog {
    pub(crate) fn new(log: AuditLog, metrics: Arc<Metrics>, clock: Clock, service: Arc<Service>) -> Self {
        Self { log, metrics, clock, refusals: RefusalAggregator::new(), outbox: Outbox::new(service) }
    }

    /// Moves the records of changes that the last run left in the outbox to the log in `dir`. Blocks.
    ///
    /// # Errors
    /// The store or the log cannot be read. If the log cannot be written now, the records follow later.
    pub(crate) fn recover_outbox(&self, dir: &Path) -> Result<(), StartError> {
        self.outbox.recover(&self.log, dir)
    }

    /// Writes the missing records of changes, and removes recorded changes from the outbox. Blocks.
    pub(crate) fn deliver(&self) {
        self.outbox.pass(&self.log);
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The last durable line of the log.
    pub(crate) fn head(&self) -> LogPosition {
        self.log.head()
    }

    /// Whether the log can write records.
    pub(crate) fn is_writable(&self) -> bool {
        self.log.is_writable()
    }

    /// Whether the disk has too little space for the next log file.
    pub(crate) fn is_space_low(&self) -> bool {
        self.log.is_space_low()
    }

    /// Schedules the writing of the shared records, if this is the first request in them.
    fn schedule_shared_records(self: &Arc<Self>, is_first: bool) {
        // Without a runtime, during shutdown, dropping the request log writes them.
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| is_first) else { return };
        let request_log = Arc::clone(self);
        runtime.spawn(async move {
            tokio::time::sleep(AGGREGATION_INTERVAL).await;
            let Aggregated { refusals, waiting } = request_log.refusals.take();
            let mut is_durable = true;
            for record in refusals.into_iter().map(|(refusal, group)| request_log.shared_record(refusal, group)) {
                is_durable &= match record {
                    Some(record) => request_log.log.append(record).await.is_ok(),
                    None => false,
                };
            }
            for waiting in waiting {
                // A client that has disconnected needs no answer.
                let _gone = waiting.send(is_durable);
            }
        });
    }

    fn shared_record(&self, refusal: RefusalKind, group: RefusalGroup) -> Option<AuditRecord> {
        let (plane, code, requests, source) = (refusal.protocol.name(), refusal.code, group.requests, group.source);
        tracing::warn!(plane, code, requests, %source, "refused many requests of callers without access");
        Some(AuditRecord {
            time: self.clock.now(),
            request_id: RequestId::generate().ok()?,
            plane: refusal.protocol.plane(),
            operation: "-".to_owned(),
            principal: group.principal.unwrap_or_else(|| "-".to_owned()),
            source: Some(group.source),
            key_id: None,
            named: None,
            key_version_id: None,
            code: refusal.code.to_owned(),
            status: refusal.status.as_u16(),
            duration_us: 0,
            detail: Some("refused alike"),
            repeated: Some(group.requests),
        })
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        for (refusal, group) in self.refusals.take().refusals {
            self.shared_record(refusal, group).map(|record| drop(self.log.append(record))).unwrap_or_default();
        }
    }
}
