//! The server: sockets, TLS, the adapters of both API planes, the admin listener, metrics, start and shutdown.
//!
//! Elsewhere: domain rules (`model`), operations (`service`), encodings (`wire`).

mod admin;
mod admin_host;
mod answer;
mod answer_charge;
mod assemble;
mod audit_log;
mod body;
mod bootstrap_files;
mod confirm_clock;
mod connections;
mod degraded;
mod disconnect;
mod early_answer;
mod error;
mod expiry;
mod first_start;
#[cfg(test)]
mod fixture;
mod handshake;
mod http2_head;
mod idle;
mod inspect;
mod listen;
mod metrics;
mod offline;
mod options;
mod permissions;
mod plane;
mod protocol;
mod readiness;
mod request_log;
mod reset_audit_log;
mod scheduler;
mod server;
mod stopped_vault;
mod store_config;
mod stream;
mod tls;
mod trusted_time;
mod unverified;
#[cfg(test)]
mod wrong_clock_tests;

pub use audit_log::stored_audit_anchor;
pub use confirm_clock::StoppedClock;
pub use error::StartError;
pub use first_start::NewInstance;
pub use inspect::{Finding, inspect};
pub use offline::{ListedAccessKey, NewAccessKey, StoppedInstance};
pub use options::Options;
pub use reset_audit_log::reset_audit_log;
pub use server::{BoxFuture, Server};
