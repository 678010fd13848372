//! The audit log: an append-only, hash-chained, signed record of every request and its result.
//!
//! Rule: a record is durable before its [`Append`] resolves, and without the signing seed nobody can alter, remove or
//! reorder acknowledged records without [`verify()`] reporting where. Format and threat model: `docs/formats/audit.md`.
//!
//! Does not belong here: secrets of any kind (a record holds names, ids, codes and times; never key material,
//! plaintext, ciphertext, tokens, signatures or request bodies), access rules (`service`), sockets. The only key that
//! the log holds is the signing seed it is given.

mod chain;
mod directory;
mod encoding;
mod error;
mod finding;
mod group;
mod head;
mod line;
mod line_reader;
mod log;
mod position;
mod record;
mod recover;
mod regular_file;
mod search;
mod segment;
mod set_aside;
mod signing;
pub mod verify;
mod writer;

pub use error::{AuditError, OpenError, VerifyError};
pub use finding::{Finding, FindingKind};
pub use log::{Append, AuditConfig, AuditLog, DirectoryLock, last_signed_line, public_key_of};
pub use position::{InvalidPosition, LogPosition};
pub use record::{AuditRecord, RECORD_LINE_BYTES_MAX, RequestPlane};
pub use search::{LinesAfter, find_successful, lines_after};
pub use verify::{Expected, Report, verify};
