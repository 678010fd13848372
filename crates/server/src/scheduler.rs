//! Runs the service's scheduler, and sees to it that the audit log gets the records of what was changed.

use claviger_service::{Done, Service};

use crate::journal::Journal;
use crate::trusted_time;

/// One pass over what is due, with the records of what it changed and of what has none yet. Blocks.
pub(crate) fn pass(service: &Service, journal: &Journal) {
    journal.deliver();
    do_what_is_due(service, journal);
    journal.deliver();
}

fn do_what_is_due(service: &Service, journal: &Journal) {
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
        }
        Ok(Done::Destroyed(key)) => {
            metrics.keys_destroyed.inc();
            tracing::info!(%key, "destroyed after its pending window");
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
