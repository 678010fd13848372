//! Keeps the trusted time, and says when destruction waits: in the log once, in `/readyz` for as long.

use std::fmt::Write as _;

use claviger_model::Hold;
use claviger_service::{DestructionHold, Intent, Service};

use crate::journal::Journal;

/// Looks at the clocks once a pass. Blocks.
pub(crate) fn keep(service: &Service, journal: &Journal) {
    if let Err(error) = service.keep_trusted_time() {
        journal.metrics().scheduler_failures.inc();
        tracing::error!(%error, "the trusted time could not be stored; it is tried again");
    }
    if journal.is_writable() {
        match Intent::local("ConfirmClock").and_then(|intent| service.record_clock_confirmation(&intent)) {
            Ok(true) => tracing::warn!("an operator has confirmed the clock with `claviger clock confirm`"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "the confirmation of the clock could not be recorded; it is tried again");
            }
        }
    }
    let hold = service.destruction_hold();
    let gauge = &journal.metrics().destruction_held;
    let was_held = gauge.set(i64::from(hold.is_some())) != 0;
    match hold {
        Some(hold) if !was_held => tracing::warn!("{}", in_words(&hold)),
        None if was_held => tracing::info!("the clock is believed again; destruction goes on"),
        Some(_) | None => {}
    }
}

/// What waits, until when, and what to do.
pub(crate) fn in_words(hold: &DestructionHold) -> String {
    let DestructionHold { clock, trusted, keys, .. } = hold;
    let mut text = format!("destruction of keys is held back ({keys} due by the clock): ");
    // Writing to a String cannot fail.
    let _infallible = match hold.reason {
        Hold::Ahead { by_ms, running_ms } => {
            let until = clock.plus_ms(running_ms);
            write!(
                text,
                "the clock says {clock}, {} ahead of the time that this server has seen pass ({trusted}); it is believed \
                 after {} more of running, at {until} without a stop. ",
                span(by_ms),
                span(running_ms)
            )
        }
        Hold::Behind { by_ms } => write!(
            text,
            "the clock says {clock}, {} behind the time that this server believed before ({trusted}); destruction goes on \
             when the clock has reached it. ",
            span(by_ms)
        ),
    };
    text + "If the clock is wrong, set it right. If it is right, wait, or stop the server and run `claviger clock confirm`"
}

/// Days, hours and minutes, rounded up.
fn span(ms: i64) -> String {
    let minutes = ms.saturating_add(59_999) / 60_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    if days > 0 { format!("{days} d {hours} h") } else { format!("{hours} h {minutes} min") }
}
