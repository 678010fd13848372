//! Who may call: client keys of the data plane (public half only) and access keys of the control plane.

use std::fmt;

use claviger_base::id::{AccessKeyId, ClientKeyId};
use claviger_base::{SecretBytes, Timestamp};
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use super::{Kind, Record};
use crate::path;

/// A client key: instance-api 1.9. Its private half was handed out once and is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// Its id.
    pub id: ClientKeyId,
    /// The application access point it belongs to (`AapName`); of an old key the owner's name for it, maybe empty.
    pub name: String,
    /// Whether the policies of that access point govern it. Keys stored before there were policies have none and may do
    /// everything.
    pub is_governed: bool,
    /// Public key, DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Its self-signed certificate, DER.
    pub certificate: Vec<u8>,
    /// When it was made, business time.
    pub created: Timestamp,
    /// Refused before this date.
    pub not_before: Timestamp,
    /// Refused from this date on.
    pub not_after: Timestamp,
}

#[derive(Message)]
struct ClientKeyMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(bytes = "vec", tag = "3")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    certificate: Vec<u8>,
    #[prost(int64, tag = "5")]
    created_ms: i64,
    #[prost(int64, tag = "6")]
    not_before_ms: i64,
    #[prost(int64, tag = "7")]
    not_after_ms: i64,
    #[prost(bool, tag = "8")]
    is_governed: bool,
}

impl ClientKey {
    /// Whether the key may be used at `now`.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.not_after
    }
}

impl Record for ClientKey {
    const KIND: Kind = Kind::ClientKey;

    fn path(&self) -> String {
        path::client_key(&self.id)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let message = ClientKeyMessage {
            id: self.id.to_string(),
            name: self.name.clone(),
            public_key: self.public_key.clone(),
            certificate: self.certificate.clone(),
            created_ms: self.created.unix_ms(),
            not_before_ms: self.not_before.unix_ms(),
            not_after_ms: self.not_after.unix_ms(),
            is_governed: self.is_governed,
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = ClientKeyMessage::decode(payload.reveal()).ok()?;
        Some(Self {
            id: ClientKeyId::parse(&message.id)?,
            name: message.name,
            is_governed: message.is_governed,
            public_key: message.public_key,
            certificate: message.certificate,
            created: Timestamp::from_unix_ms(message.created_ms),
            not_before: Timestamp::from_unix_ms(message.not_before_ms),
            not_after: Timestamp::from_unix_ms(message.not_after_ms),
        })
    }
}

/// What is kept of a client key that was revoked, so that its holder can be told. A kind of its own: an older version of
/// Claviger, and every place that reads client keys, must not see a key in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedClientKey {
    /// Its id.
    pub id: ClientKeyId,
    /// Public key, DER SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// When it was revoked, business time.
    pub revoked: Timestamp,
    /// When it would have expired: from then on nobody needs to be told.
    pub not_after: Timestamp,
}

#[derive(Message)]
struct RevokedClientKeyMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(int64, tag = "3")]
    revoked_ms: i64,
    #[prost(int64, tag = "4")]
    not_after_ms: i64,
}

impl Record for RevokedClientKey {
    const KIND: Kind = Kind::RevokedClientKey;

    fn path(&self) -> String {
        path::revoked_client_key(&self.id)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let message = RevokedClientKeyMessage {
            id: self.id.to_string(),
            public_key: self.public_key.clone(),
            revoked_ms: self.revoked.unix_ms(),
            not_after_ms: self.not_after.unix_ms(),
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RevokedClientKeyMessage::decode(payload.reveal()).ok()?;
        Some(Self {
            id: ClientKeyId::parse(&message.id)?,
            public_key: message.public_key,
            revoked: Timestamp::from_unix_ms(message.revoked_ms),
            not_after: Timestamp::from_unix_ms(message.not_after_ms),
        })
    }
}

/// An access key: rpc-api 3. The secret is symmetric, so it must be kept; it lies sealed like key material.
#[derive(Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretBytes,
    /// When it was made, business time.
    pub created: Timestamp,
    /// Whether it may be used (`Active`), or is kept but refused (`Inactive`).
    pub is_active: bool,
}

#[derive(Message)]
#[prost(skip_debug)]
struct AccessKeyMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "vec", tag = "2")]
    secret: Vec<u8>,
    #[prost(int64, tag = "3")]
    created_ms: i64,
    /// Absent in records from before there was a status: they are active.
    #[prost(bool, tag = "4")]
    is_inactive: bool,
}

impl fmt::Debug for AccessKeyMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for AccessKeyMessage {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Record for AccessKey {
    const KIND: Kind = Kind::AccessKey;

    fn path(&self) -> String {
        path::access_key(&self.id)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let (id, secret) = (self.id.to_string(), self.secret.reveal().to_vec());
        let (created_ms, is_inactive) = (self.created.unix_ms(), !self.is_active);
        Zeroizing::new(AccessKeyMessage { id, secret, created_ms, is_inactive }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let mut message = AccessKeyMessage::decode(payload.reveal()).ok()?;
        Some(Self {
            id: AccessKeyId::parse(&message.id)?,
            secret: SecretBytes::new(std::mem::take(&mut message.secret)),
            created: Timestamp::from_unix_ms(message.created_ms),
            is_active: !message.is_inactive,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Payload of a client key as written before there were policies: fields 1 to 7.
    #[test]
    fn an_old_client_key_is_not_governed() {
        let id = ClientKeyId::generate().unwrap();
        let message = ClientKeyMessage {
            id: id.to_string(),
            name: "first".to_owned(),
            public_key: vec![1],
            certificate: vec![2],
            created_ms: 3,
            not_before_ms: 4,
            not_after_ms: 5,
            is_governed: false,
        };
        // A false field leaves no byte behind, so these are exactly the old bytes.
        let bytes = message.encode_to_vec();
        assert_eq!(bytes.last(), Some(&5), "nothing stands behind field 7");
        let read = ClientKey::decode(&SecretBytes::new(bytes)).unwrap();
        assert!(!read.is_governed);
        let governed = ClientKey { is_governed: true, ..read };
        let reread = ClientKey::decode(&SecretBytes::copy_from(&governed.encode())).unwrap();
        assert_eq!(reread, governed);
    }

    /// Payload of an access key as written before there was a status: fields 1 to 3.
    #[test]
    fn an_old_access_key_is_active() {
        let id = AccessKeyId::generate().unwrap();
        let message = AccessKeyMessage { id: id.to_string(), secret: b"s".to_vec(), created_ms: 3, is_inactive: false };
        let bytes = message.encode_to_vec();
        assert_eq!(bytes.last(), Some(&3), "nothing stands behind field 3");
        let read = AccessKey::decode(&SecretBytes::new(bytes)).unwrap();
        assert!(read.is_active);
        let inactive = AccessKey { is_active: false, ..read };
        let reread = AccessKey::decode(&SecretBytes::copy_from(&inactive.encode())).unwrap();
        assert!(!reread.is_active && reread.id == id && reread.secret.reveal() == b"s");
    }
}
