//! Client keys, and what remains of revoked ones.

use claviger_base::id::ClientKeyId;
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::{ClientKey, RevokedClientKey};
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

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

impl Record for ClientKey {
    const KIND: Kind = Kind::ClientKey;
    const PREFIX: &str = "client-key/";
    type Id = ClientKeyId;

    fn id(&self) -> ClientKeyId {
        self.id.clone()
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
    const PREFIX: &str = "revoked-client-key/";
    type Id = ClientKeyId;

    fn id(&self) -> ClientKeyId {
        self.id.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Payload of a client key as written before policies existed: fields 1 to 7.
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
        assert_eq!(bytes.last(), Some(&5), "nothing follows field 7");
        let read = ClientKey::decode(&SecretBytes::new(bytes)).unwrap();
        assert!(!read.is_governed);
        let governed = ClientKey { is_governed: true, ..read };
        let reread = ClientKey::decode(&SecretBytes::copy_from(&governed.encode())).unwrap();
        assert_eq!(reread, governed);
    }
}
