//! Keys, without material.

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::{Key, KeySpec, KeyState, KeyUsage, RotationInterval};
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

#[derive(Message)]
struct KeyMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    spec: String,
    #[prost(string, tag = "3")]
    usage: String,
    #[prost(string, tag = "4")]
    state: String,
    #[prost(string, tag = "5")]
    description: String,
    #[prost(string, tag = "6")]
    creator: String,
    #[prost(int64, tag = "7")]
    created_ms: i64,
    #[prost(int64, optional, tag = "8")]
    deletion_ms: Option<i64>,
    #[prost(uint64, optional, tag = "9")]
    rotation_interval_s: Option<u64>,
    #[prost(int64, tag = "10")]
    last_rotation_ms: i64,
    #[prost(string, tag = "11")]
    initial_version: String,
    #[prost(string, tag = "12")]
    primary_version: String,
    #[prost(uint32, tag = "13")]
    version_count: u32,
}

impl Record for Key {
    const KIND: Kind = Kind::Key;
    const PREFIX: &str = "key/";
    type Id = KeyId;

    fn id(&self) -> KeyId {
        self.id.clone()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let message = KeyMessage {
            id: self.id.to_string(),
            spec: self.spec.name().to_owned(),
            usage: self.usage.name().to_owned(),
            state: self.state.name().to_owned(),
            description: self.description.clone(),
            creator: self.creator.clone(),
            created_ms: self.created.unix_ms(),
            deletion_ms: self.deletion.map(Timestamp::unix_ms),
            rotation_interval_s: self.rotation_interval.map(RotationInterval::seconds),
            last_rotation_ms: self.last_rotation.unix_ms(),
            initial_version: self.initial_version.to_string(),
            primary_version: self.primary_version.to_string(),
            version_count: self.version_count,
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = KeyMessage::decode(payload.reveal()).ok()?;
        let rotation_interval = match message.rotation_interval_s {
            Some(seconds) => Some(RotationInterval::from_s(seconds)?),
            None => None,
        };
        Some(Self {
            id: KeyId::parse(&message.id)?,
            spec: KeySpec::parse(&message.spec)?,
            usage: KeyUsage::parse(&message.usage)?,
            state: KeyState::parse(&message.state)?,
            description: message.description,
            creator: message.creator,
            created: Timestamp::from_unix_ms(message.created_ms),
            deletion: message.deletion_ms.map(Timestamp::from_unix_ms),
            rotation_interval,
            last_rotation: Timestamp::from_unix_ms(message.last_rotation_ms),
            initial_version: KeyVersionId::parse(&message.initial_version)?,
            primary_version: KeyVersionId::parse(&message.primary_version)?,
            version_count: message.version_count,
        })
    }
}
