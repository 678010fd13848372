//! Runs the service's scheduler and records what it does.

use claviger_service::{Done, Service};

use crate::journal::Journal;
use crate::trusted_time;

/// One pass over what is due. Blocks.
pub(crate) fn pass(service: &Service, journal: &Journal) {
    let metrics = journal.metrics();
    trusted_time::keep(service, journal);
    if !journal.is_writable() {
        // Nothing is rotated or destroyed that could not be recorded.
        return;
    }
    let ended = service.do_what_is_due(&mut |done| match done {
        Ok(Done::Rotated(version)) => {
            metrics.automatic_rotations.inc();
            tracing::info!(key = %version.key, version = %version.id, "rotated automatically");
            journal.record_own("AutomaticRotation", version.key.as_str(), Some(version.id.as_str()), "OK");
        }
        Ok(Done::Destroyed(key)) => {
            metrics.keys_destroyed.inc();
            tracing::info!(%key, "destroyed after its pending window");
            journal.record_own("DestroyKey", key.as_str(), None, "OK");
        }
        Err(error) => {
            metrics.scheduler_failures.inc();
            tracing::error!(%error, "something due could not be done; it is tried again");
        }
    });
    if let Err(error) = ended {
        metrics.scheduler_failures.inc();
        tracing::error!(%error, "the due dates could not be read; trying again");
    }
}
