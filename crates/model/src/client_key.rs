//! Client keys of the data plane: public halves only.

use claviger_base::Timestamp;
use claviger_base::id::ClientKeyId;

/// A client key: instance-api 1.9. Its private half was given to its owner once and is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// Its id.
    pub id: ClientKeyId,
    /// The application access point it belongs to (`AapName`); for a key created before access points existed, the name that its
    /// owner chose, possibly empty.
    pub name: String,
    /// Whether the policies of that access point govern it. Keys created before policies existed have none and are allowed
    /// everything.
    pub is_governed: bool,
    /// Public key, DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Its self-signed certificate, DER.
    pub certificate: Vec<u8>,
    /// When it was created, in business time.
    pub created: Timestamp,
    /// Refused before this date.
    pub not_before: Timestamp,
    /// Refused from this date on.
    pub not_after: Timestamp,
}

impl ClientKey {
    /// Whether the key may be used at `now`.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.not_after
    }
}

/// What remains of a revoked client key, so that its holder can be told that it was revoked. It has its own kind of record, so
/// that neither code that reads client keys nor an older version of Claviger mistakes it for a valid key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedClientKey {
    /// Its id.
    pub id: ClientKeyId,
    /// Public key, DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// When it was revoked, in business time.
    pub revoked: Timestamp,
    /// When it would have expired. From then on its holder need not be told that it was revoked.
    pub not_after: Timestamp,
}
