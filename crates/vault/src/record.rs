//! Typed records: what a type must provide to be stored (docs/formats/records.md). A new kind of record is one more
//! implementation in this directory; the vault stores any.
//!
//! Payloads are protobuf messages, so that a later version may add fields and still read what an older one wrote.
//! Field numbers are never reused.

pub(crate) mod access_key;
pub(crate) mod access_point;
pub(crate) mod alias;
pub(crate) mod audit;
pub(crate) mod client_key;
pub(crate) mod dev_clock;
pub(crate) mod due;
pub(crate) mod instance;
pub(crate) mod iv_uses;
pub(crate) mod key;
pub(crate) mod key_version;
pub(crate) mod network_rule;
pub(crate) mod outbox;
pub(crate) mod policy;
mod rule_message;
pub(crate) mod tls_authority;
pub(crate) mod trusted_time;

use claviger_base::SecretBytes;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record_id::RecordId;

/// A type that the vault stores.
pub trait Record: Sized {
    /// Its kind.
    const KIND: Kind;

    /// The prefix of the paths of this kind and of no other; for a kind with a single record, its whole path.
    const PREFIX: &str;

    /// What identifies a record of this kind; `()` for a kind with a single record.
    type Id: RecordId;

    /// The id of this record.
    fn id(&self) -> Self::Id;

    /// The payload before sealing.
    fn encode(&self) -> Zeroizing<Vec<u8>>;

    /// The record in an opened payload; `None` for a payload that no version writes.
    fn decode(payload: &SecretBytes) -> Option<Self>;

    /// The path of the record of that id.
    #[must_use]
    fn path_of(id: &Self::Id) -> String {
        format!("{}{}", Self::PREFIX, id.to_path())
    }

    /// The id in a path; `None` if no record of this kind has that path.
    #[must_use]
    fn id_of(path: &str) -> Option<Self::Id> {
        let id = Self::Id::from_path(path.strip_prefix(Self::PREFIX)?)?;
        (Self::path_of(&id) == path).then_some(id)
    }

    /// The path of this record.
    #[must_use]
    fn path(&self) -> String {
        Self::path_of(&self.id())
    }
}

/// Records that are listed by owner: after the prefix, their paths contain the id of the owner.
pub trait Owned: Record {
    /// The id of an owner.
    type Owner: RecordId;

    /// The prefix of the paths of the owner's records.
    #[must_use]
    fn prefix_of(owner: &Self::Owner) -> String {
        format!("{}{}/", Self::PREFIX, owner.to_path())
    }
}
