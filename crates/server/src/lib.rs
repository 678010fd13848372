//! Sockets, TLS, the two planes as thin adapters over the same operations, metrics, start and stop.
//!
//! What may never live here: rules (`model`), operations (`service`), encodings (`wire`).

mod admin;
mod answer;
mod assemble;
mod begin_anew;
mod body;
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

pub use assemble::{Options, Server, initialise};
pub use begin_anew::begin_audit_anew;
pub use error::StartError;
