//! Updates the trusted time, and reports that the destruction of keys is suspended: once in the log and always in `/readyz`.

use std::fmt::Write as _;

use claviger_model::Hold;
use claviger_service::{DestructionHold, Intent, Service};

use crate::request_log::RequestLog;

/// Updates the trusted time, once per scheduler pass. Blocks.
pub(crate) fn update(service: &Service, request_log: &RequestLog) {
    if let Err(error) = service.keep_trusted_time() {
        request_log.metrics().scheduler_failures.inc();
        tracing::error!(%error, "the trusted time could not be stored; retrying");
    }
    if request_log.is_writable() {
        match Intent::local("ConfirmClock").and_then(|intent| service.record_clock_confirmation(&intent)) {
            Ok(true) => tracing::warn!("an operator has confirmed the clock with `claviger clock confirm`"),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "the confirmation of the clock could not be recorded; retrying");
            }
        }
    }
    let hold = service.destruction_hold();
    let gauge = &request_log.metrics().destruction_held;
    let was_held = gauge.set(i64::from(hold.is_some())) != 0;
    match hold {
        Some(hold) if !was_held => tracing::warn!("{}", describe(&hold)),
        None if was_held => {
            tracing::info!("the clock agrees with the trusted time again; the destruction of keys resumes");
        }
        Some(_) | None => {}
    }
}

/// Describes what waits, until when, and what to do.
pub(crate) fn describe(hold: &DestructionHold) -> String {
    let DestructionHold { clock, trusted, keys, .. } = hold;
    let mut text = format!("destruction of keys is held back ({keys} due by the clock): ");
    // Writing to a String cannot fail.
    let _infallible = match hold.reason {
        Hold::Ahead { by_ms, running_ms } => {
            let until = clock.plus_ms(running_ms);
            write!(
                text,
                "the clock shows {clock}, {} ahead of the trusted time ({trusted}); the server accepts it after running for \
                 another {}, which is at {until} if it is not stopped. ",
                days_and_hours(by_ms),
                days_and_hours(running_ms)
            )
        }
        Hold::Behind { by_ms } => write!(
            text,
            "the clock shows {clock}, {} behind the trusted time ({trusted}); destruction resumes when the clock has reached \
             the trusted time. ",
            days_and_hours(by_ms)
        ),
    };
    text + "If the clock is wrong, correct it. If it is right, wait, or stop the server and run `claviger clock confirm`"
}

/// Days, hours and minutes, rounded up.
fn days_and_hours(ms: i64) -> String {
    let minutes = ms.saturating_add(59_999) / 60_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    if days > 0 { format!("{days} d {hours} h") } else { format!("{hours} h {minutes} min") }
}
