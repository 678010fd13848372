//! Key versions: with their material by id, and without it below their key, in order.

use std::fmt;

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::{KeyMaterial, KeyVersion};
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::kind::Kind;
use crate::record::{Owned, Record};

#[derive(Message)]
#[prost(skip_debug)]
struct KeyVersionMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    key: String,
    #[prost(uint32, tag = "3")]
    number: u32,
    #[prost(int64, tag = "4")]
    created_ms: i64,
    #[prost(bytes = "vec", tag = "5")]
    material: Vec<u8>,
}

impl fmt::Debug for KeyVersionMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for KeyVersionMessage {
    fn drop(&mut self) {
        self.material.zeroize();
    }
}

impl KeyVersionMessage {
    fn new(version: &KeyVersion, material: &[u8]) -> Self {
        Self {
            id: version.id.to_string(),
            key: version.key.to_string(),
            number: version.number,
            created_ms: version.created.unix_ms(),
            material: material.to_vec(),
        }
    }

    fn version(&self) -> Option<KeyVersion> {
        Some(KeyVersion {
            id: KeyVersionId::parse(&self.id)?,
            key: KeyId::parse(&self.key)?,
            number: self.number,
            created: Timestamp::from_unix_ms(self.created_ms),
        })
    }
}

impl Record for KeyMaterial {
    const KIND: Kind = Kind::KeyMaterial;
    const PREFIX: &str = "version/";
    type Id = KeyVersionId;

    fn id(&self) -> KeyVersionId {
        self.version.id.clone()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(KeyVersionMessage::new(&self.version, self.material.reveal()).encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let mut message = KeyVersionMessage::decode(payload.reveal()).ok()?;
        let version = message.version()?;
        Some(Self { version, material: SecretBytes::new(std::mem::take(&mut message.material)) })
    }
}

impl Record for KeyVersion {
    const KIND: Kind = Kind::KeyVersion;
    const PREFIX: &str = "key-version/";
    type Id = (KeyId, u32);

    fn id(&self) -> (KeyId, u32) {
        (self.key.clone(), self.number)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(KeyVersionMessage::new(self, &[]).encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        KeyVersionMessage::decode(payload.reveal()).ok()?.version()
    }
}

impl Owned for KeyVersion {
    type Owner = KeyId;
}
