//! Due dates, by which the scheduler finds the keys to rotate or destroy.

use claviger_base::id::KeyId;
use claviger_base::{SecretBytes, Timestamp};
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

/// A date at which the scheduler must rotate or destroy a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The date.
    pub at: Timestamp,
    /// The key.
    pub key: KeyId,
}

impl Due {
    /// Reads a due date from its path, for a record that does not open. Paths are not sealed, so compare the date with the key.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        Self::id_of(path).map(|(at, key)| Self { at, key })
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
    const PREFIX: &str = "due/";
    type Id = (Timestamp, KeyId);

    fn id(&self) -> (Timestamp, KeyId) {
        (self.at, self.key.clone())
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(DueMessage { at_ms: self.at.unix_ms(), key: self.key.to_string() }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = DueMessage::decode(payload.reveal()).ok()?;
        Some(Self { at: Timestamp::from_unix_ms(message.at_ms), key: KeyId::parse(&message.key)? })
    }
}
