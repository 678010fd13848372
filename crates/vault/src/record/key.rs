//! Keys, their versions with material, their aliases and their due dates.

use std::fmt;

use claviger_base::id::{AliasName, KeyId, KeyVersionId};
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::{Key, KeySpec, KeyState, KeyUsage, KeyVersion, RotationInterval};
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use super::{Kind, Record};
use crate::path;

/// A [`Key`] as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey(pub Key);

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

impl Record for StoredKey {
    const KIND: Kind = Kind::Key;

    fn path(&self) -> String {
        path::key(&self.0.id)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let key = &self.0;
        let message = KeyMessage {
            id: key.id.to_string(),
            spec: key.spec.name().to_owned(),
            usage: key.usage.name().to_owned(),
            state: key.state.name().to_owned(),
            description: key.description.clone(),
            creator: key.creator.clone(),
            created_ms: key.created.unix_ms(),
            deletion_ms: key.deletion.map(Timestamp::unix_ms),
            rotation_interval_s: key.rotation_interval.map(RotationInterval::seconds),
            last_rotation_ms: key.last_rotation.unix_ms(),
            initial_version: key.initial_version.to_string(),
            primary_version: key.primary_version.to_string(),
            version_count: key.version_count,
        };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = KeyMessage::decode(payload.reveal()).ok()?;
        let rotation_interval = match message.rotation_interval_s {
            Some(seconds) => Some(RotationInterval::from_s(seconds)?),
            None => None,
        };
        Some(Self(Key {
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
        }))
    }
}

/// A key version with its material. `Debug` shows no material.
#[derive(Debug)]
pub struct StoredKeyVersion {
    /// The version.
    pub version: KeyVersion,
    /// Its material: for `Aliyun_AES_256` 32 bytes.
    pub material: SecretBytes,
}

/// A key version below its key, without material, so that versions can be listed in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersionOfKey(pub KeyVersion);

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

impl Record for StoredKeyVersion {
    const KIND: Kind = Kind::KeyVersion;

    fn path(&self) -> String {
        path::key_version(&self.version.id)
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

impl Record for KeyVersionOfKey {
    const KIND: Kind = Kind::KeyVersionOfKey;

    fn path(&self) -> String {
        path::key_version_of_key(&self.0.key, self.0.number)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(KeyVersionMessage::new(&self.0, &[]).encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        KeyVersionMessage::decode(payload.reveal()).ok()?.version().map(Self)
    }
}

/// An alias and the key it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Its name, with `alias/`.
    pub name: AliasName,
    /// The key.
    pub key: KeyId,
    /// When it was made.
    pub created: Timestamp,
}

/// An alias as its key knows it, so that the aliases of a destroyed key vanish with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasOfKey(pub Alias);

#[derive(Message)]
struct AliasMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    key: String,
    #[prost(int64, tag = "3")]
    created_ms: i64,
}

impl Record for Alias {
    const KIND: Kind = Kind::Alias;

    fn path(&self) -> String {
        path::alias(&self.name)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let (name, key) = (self.name.to_string(), self.key.to_string());
        Zeroizing::new(AliasMessage { name, key, created_ms: self.created.unix_ms() }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = AliasMessage::decode(payload.reveal()).ok()?;
        Some(Self {
            name: AliasName::parse(&message.name)?,
            key: KeyId::parse(&message.key)?,
            created: Timestamp::from_unix_ms(message.created_ms),
        })
    }
}

impl Record for AliasOfKey {
    const KIND: Kind = Kind::AliasOfKey;

    fn path(&self) -> String {
        path::alias_of_key(&self.0.key, &self.0.name)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        self.0.encode()
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        Alias::decode(payload).map(Self)
    }
}

/// A date at which the scheduler must look at a key, to rotate or destroy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The date.
    pub at: Timestamp,
    /// The key.
    pub key: KeyId,
}

impl Due {
    /// What a path of a due date says, where the record there does not open. The path is not sealed: what it says is to be
    /// compared with the key.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (at, key) = path.strip_prefix(path::DUE)?.split_once('/')?;
        let at = Timestamp::from_unix_ms(i64::from_str_radix(at, 16).ok()?);
        let due = Self { at, key: KeyId::parse(key)? };
        (due.path() == path).then_some(due)
    }
}

#[derive(Message)]
struct DueMessage {
    #[prost(int64, tag = "1")]
    at_ms: i64,
    #[prost(string, tag = "2")]
    key: String,
}

impl Record for Due {
    const KIND: Kind = Kind::Due;

    fn path(&self) -> String {
        path::due(self.at, &self.key)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(DueMessage { at_ms: self.at.unix_ms(), key: self.key.to_string() }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = DueMessage::decode(payload.reveal()).ok()?;
        Some(Self { at: Timestamp::from_unix_ms(message.at_ms), key: KeyId::parse(&message.key)? })
    }
}
