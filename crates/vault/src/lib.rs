//! Seal, keyring, barrier and typed records: the only writer of stored bytes.
//!
//! What is sealed under what (docs/security.md): the root key, held by a [`seal`], wraps the [`keyring`]; a
//! generation of the keyring seals each record in the [`barrier`]; a record's path and header are bound to its bytes.
//! What may never live here: rules (`model`), who may do what (`service`), HTTP.

mod barrier;
mod change;
mod damage;
mod error;
mod files;
mod keyring;
mod path;
mod permissions;
mod record;
mod seal;
mod spare;
mod unreadable;
mod vault;

pub use change::{Audit, Change, Outcome};
pub use damage::DamageReport;
pub use error::VaultError;
pub use files::{Existing, UnfinishedFile, place_file, sync_directory_of};
pub use permissions::{Others, Untrusted, check_above, check_directory, check_file, is_readable_by_others};
pub use record::{
    AccessKey, AccessPoint, Alias, AliasOfKey, AuditAnchor, AuditSigningKey, ChangePlane, ClientKey, DevClock, Due,
    InstanceRecord, IvUses, KeyVersionOfKey, Kind, NetworkRule, OutboxEntry, Policy, Record, RevokedClientKey,
    StoredKey, StoredKeyVersion, StoredTrustedTime, TlsAuthority,
};
pub use seal::{FileSeal, Seal, SealError, SealId, is_root_key};
pub use vault::{Cursor, Page, Stored, Vault};
