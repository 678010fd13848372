//! Aliases by name, and the aliases of a key.

use claviger_base::id::{AliasName, KeyId};
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::Alias;
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::{Owned, Record};

/// An alias listed below its key, so that the aliases of a destroyed key are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasOfKey {
    /// The alias.
    pub alias: Alias,
}

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
    const PREFIX: &str = "alias/";
    type Id = AliasName;

    fn id(&self) -> AliasName {
        self.name.clone()
    }

    /// The name itself, which begins with `alias/`.
    fn path_of(name: &AliasName) -> String {
        name.to_string()
    }

    fn id_of(path: &str) -> Option<AliasName> {
        AliasName::parse(path)
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
    const PREFIX: &str = "key-alias/";
    type Id = (KeyId, AliasName);

    fn id(&self) -> (KeyId, AliasName) {
        (self.alias.key.clone(), self.alias.name.clone())
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        self.alias.encode()
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        Alias::decode(payload).map(|alias| Self { alias })
    }
}

impl Owned for AliasOfKey {
    type Owner = KeyId;
}
