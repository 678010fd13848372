//! Runs the passes of the service's scheduler and writes the audit records of their changes.

use claviger_service::{Done, Service};

use crate::request_log::RequestLog;
use crate::trusted_time;

/// Runs everything that is due, and writes all pending audit records. Blocks.
pub(crate) fn pass(service: &Service, request_log: &RequestLog) {
    request_log.deliver();
    run_due(service, request_log);
    request_log.deliver();
}

fn run_due(service: &Service, request_log: &RequestLog) {
    let metrics = request_log.metrics();
    trusted_time::update(service, request_log);
    if !request_log.is_writable() {
        // Rotations and destructions need an audit record.
        return;
    }
    let ended = service.do_what_is_due(&mut |done| match done {
        Ok(Done::Rotated(version)) => {
            metrics.automatic_rotations.inc();
            tracing::info!(key = %version.key, version = %version.id, "a key was rotated automatically");
        }
        Ok(Done::Destroyed(key)) => {
            metrics.keys_destroyed.inc();
            tracing::info!(%key, "a key was destroyed after its pending window");
        }
        Err(error) => {
            metrics.scheduler_failures.inc();
            tracing::error!(%error, "a due rotation or destruction failed; retrying");
        }
    });
    if let Err(error) = ended {
        metrics.scheduler_failures.inc();
        tracing::error!(%error, "the due dates could not be read; retrying");
    }
}
