//! Sealed, typed records in a store. Nothing else writes stored bytes.
//!
//! The root key, which a [`Seal`] holds, wraps the keyring; a generation of the keyring seals each record; a record's path and
//! header are bound to its bytes (docs/security.md). Rules belong to `model`, permissions to `service`; HTTP is unknown here.

mod barrier;
mod change;
mod copies;
mod damage;
mod error;
mod files;
mod keyring;
mod kind;
mod page;
mod path;
mod permissions;
mod record;
mod record_change;
mod record_id;
mod repair;
mod repaired;
mod seal;
mod unreadable;
mod vault;
mod watch;

pub use change::{Audit, Change, Outcome};
pub use damage::DamageReport;
pub use error::VaultError;
pub use files::{Existing, UnfinishedFile, place_file, sync_directory_of};
pub use kind::Kind;
pub use page::{Cursor, Page, Stored};
pub use permissions::{Untrusted, Writer, check_above, check_trusted, is_readable_by_others};
pub use record::alias::AliasOfKey;
pub use record::audit::{AuditAnchor, AuditSigningKey};
pub use record::dev_clock::DevClock;
pub use record::due::Due;
pub use record::iv_uses::IvUses;
pub use record::outbox::{ChangePlane, OutboxEntry};
pub use record::tls_authority::TlsAuthority;
pub use record::{Owned, Record};
pub use record_change::RecordChange;
pub use record_id::RecordId;
pub use seal::{FileSeal, Seal, SealError, SealId, is_root_key};
pub use vault::Vault;
pub use watch::RecordWatch;
