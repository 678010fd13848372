//! Sockets, TLS, the two planes as thin adapters over the same operations, metrics, start and stop.
//!
//! What may never live here: rules (`model`), operations (`service`), encodings (`wire`).

mod admin;
mod admin_host;
mod answer;
mod assemble;
mod begin_anew;
mod body;
mod confirm_clock;
mod degraded;
mod error;
#[cfg(test)]
mod fixture;
mod handout;
mod idle;
mod journal;
mod listen;
mod metrics;
mod plane;
mod presence;
mod readiness;
mod scheduler;
mod tls;
mod trusted_time;
#[cfg(test)]
mod wrong_clock_tests;

pub use assemble::{Options, Server, initialise};
pub use begin_anew::begin_audit_anew;
pub use confirm_clock::StoppedClock;
pub use error::StartError;
