//! Sockets, TLS, the two planes as thin adapters over the same operations, metrics, start and stop.
//!
//! What may never live here: rules (`model`), operations (`service`), encodings (`wire`).

mod admin;
mod admin_host;
mod answer;
mod assemble;
mod audit_log;
mod begin_anew;
mod body;
mod confirm_clock;
mod connections;
mod degraded;
mod early_answer;
mod error;
mod expiry;
mod first_start;
#[cfg(test)]
mod fixture;
mod handout;
mod handshake;
mod held_answer;
mod idle;
mod inspect;
mod journal;
mod listen;
mod metrics;
mod offline;
mod open_head;
mod places;
mod plane;
mod presence;
mod readiness;
mod scheduler;
mod stopped_vault;
mod stream;
mod tls;
mod trusted_time;
mod unverified;
#[cfg(test)]
mod wrong_clock_tests;

pub use assemble::{Boxed, Options, Server};
pub use audit_log::stored_audit_anchor;
pub use begin_anew::begin_audit_anew;
pub use confirm_clock::StoppedClock;
pub use error::StartError;
pub use first_start::NewInstance;
pub use inspect::{Finding, inspect};
pub use offline::{ListedAccessKey, NewAccessKey, StoppedInstance};
