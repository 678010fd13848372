//! Sockets, TLS, the two planes as thin adapters over the same operations, metrics, start and stop.
//!
//! What may never live here: rules (`model`), operations (`service`), encodings (`wire`).

mod admin;
mod answer;
mod assemble;
mod begin_anew;
mod body;
mod error;
mod expiry;
mod first_start;
#[cfg(test)]
mod fixture;
mod handout;
mod idle;
mod inspect;
mod journal;
mod listen;
mod metrics;
mod offline;
mod places;
mod plane;
mod presence;
mod readiness;
mod scheduler;
mod tls;

pub use assemble::{Options, Server};
pub use begin_anew::begin_audit_anew;
pub use error::StartError;
pub use first_start::NewInstance;
pub use inspect::{Finding, inspect};
pub use offline::{ListedAccessKey, NewAccessKey, StoppedInstance};
