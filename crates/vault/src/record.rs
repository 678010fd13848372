//! Typed records: what a type must say to be stored (docs/formats/records.md). A new kind of record is one more
//! implementation in this directory; [`crate::Vault`] stores any.
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

    /// How the paths of this kind, and of no other, begin; the whole path where there is only one such record.
    const PREFIX: &str;

    /// What names one record of this kind; `()` where there is only one.
    type Id: RecordId;

    /// What names this record.
    fn id(&self) -> Self::Id;

    /// The payload before sealing.
    fn encode(&self) -> Zeroizing<Vec<u8>>;

    /// The record that an opened payload holds; `None` when no version's [`Record::encode`] writes such a payload.
    fn decode(payload: &SecretBytes) -> Option<Self>;

    /// Where the record of that id is stored.
    #[must_use]
    fn path_of(id: &Self::Id) -> String {
        format!("{}{}", Self::PREFIX, id.to_path())
    }

    /// The id of the record that is stored at `path`; `None` for a path that no record of this kind has.
    #[must_use]
    fn id_of(path: &str) -> Option<Self::Id> {
        let id = Self::Id::from_path(path.strip_prefix(Self::PREFIX)?)?;
        (Self::path_of(&id) == path).then_some(id)
    }

    /// Where this record is stored.
    #[must_use]
    fn path(&self) -> String {
        Self::path_of(&self.id())
    }
}

/// Records that are listed below what they belong to: their paths go on with its id.
pub trait Owned: Record {
    /// What names the owner.
    type Owner: RecordId;

    /// How the paths of the owner's records begin.
    #[must_use]
    fn prefix_of(owner: &Self::Owner) -> String {
        format!("{}{}/", Self::PREFIX, owner.to_path())
    }
}
