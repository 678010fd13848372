//! Due dates: which keys the scheduler must look at, and when.

use claviger_base::id::KeyId;
use claviger_base::{SecretBytes, Timestamp};
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

/// A date at which the scheduler must look at a key, to rotate or destroy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The date.
    pub at: Timestamp,
    /// The key.
    pub key: KeyId,
}

impl Due {
    /// What the path of a due date says where the record there does not open. Paths are not sealed, so it must be compared
    /// with the key.
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
