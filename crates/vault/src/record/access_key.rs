//! Access keys.

use std::fmt;

use claviger_base::id::AccessKeyId;
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::AccessKey;
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::kind::Kind;
use crate::record::Record;

#[derive(Message)]
#[prost(skip_debug)]
struct AccessKeyMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "vec", tag = "2")]
    secret: Vec<u8>,
    #[prost(int64, tag = "3")]
    created_ms: i64,
    /// Absent in records written before the status existed: those keys are active.
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
    const PREFIX: &str = "access-key/";
    type Id = AccessKeyId;

    fn id(&self) -> AccessKeyId {
        self.id.clone()
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

    /// Payload of an access key as written before the status existed: fields 1 to 3.
    #[test]
    fn an_old_access_key_is_active() {
        let id = AccessKeyId::generate().unwrap();
        let message = AccessKeyMessage { id: id.to_string(), secret: b"s".to_vec(), created_ms: 3, is_inactive: false };
        let bytes = message.encode_to_vec();
        assert_eq!(bytes.last(), Some(&3), "nothing follows field 3");
        let read = AccessKey::decode(&SecretBytes::new(bytes)).unwrap();
        assert!(read.is_active);
        let inactive = AccessKey { is_active: false, ..read };
        let reread = AccessKey::decode(&SecretBytes::copy_from(&inactive.encode())).unwrap();
        assert!(!reread.is_active && reread.id == id && reread.secret.reveal() == b"s");
    }
}
