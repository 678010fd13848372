//! The audit log: an append-only, hash-chained, signed file of what was asked and what was answered.
//!
//! The rule this room keeps: a record is durable before its [`Append`] resolves, and nobody without the signing seed can
//! alter, remove or reorder what was acknowledged without [`verify()`] naming the place. Format and threat model:
//! `docs/formats/audit.md`.
//!
//! What may never live here: secrets of any kind (a record holds names, ids, codes and times; never key material,
//! plaintext, ciphertext, tokens, signatures or request bodies), who may do what (`service`), sockets. The log itself
//! holds no key beyond the signing seed it is handed.

mod error;
mod group;
mod head;
mod line;
mod lines;
mod log;
mod record;
mod recover;
mod regular;
mod seal;
mod search;
mod segment;
mod set_aside;
mod state;
pub mod verify;
mod writer;

pub use error::{AuditError, OpenError};
pub use line::Mark;
pub use log::{Append, AuditLog, Config, DirectoryLock, last_signed_line, public_key_of};
pub use record::{Plane, RECORD_LINE_BYTES_MAX, Record};
pub use search::{Beyond, find_served, lines_behind};
pub use verify::{Expected, Finding, Report, VerifyError, What, verify};
