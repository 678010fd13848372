//! Seal, keyring, barrier and typed records: the only writer of stored bytes.
//!
//! What is sealed under what (design.md section 3): the root key, held by a [`seal`], wraps the [`keyring`]; a
//! generation of the keyring seals each record in the [`barrier`]; a record's path and header are bound to its bytes.
//! What may never live here: rules (`model`), who may do what (`service`), HTTP.

mod barrier;
mod change;
mod error;
mod keyring;
mod path;
mod record;
mod seal;
mod vault;

pub use change::{Change, Outcome};
pub use error::VaultError;
pub use record::{
    AccessKey, AccessPoint, Alias, AliasOfKey, AuditSigningKey, ClientKey, DevClock, Due, InstanceRecord, IvUses,
    KeyVersionOfKey, Kind, NetworkRule, Policy, Record, RevokedClientKey, StoredKey, StoredKeyVersion, TlsAuthority,
};
pub use seal::{FileSeal, Seal, SealError, SealId};
pub use vault::{Cursor, Page, Stored, Vault};
