//! How far `claviger dev` has moved business time.

use claviger_base::SecretBytes;
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

/// How far `claviger dev` has moved business time ahead, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevClock {
    /// The offset.
    pub offset_ms: i64,
}

#[derive(Message)]
struct DevClockMessage {
    #[prost(int64, tag = "1")]
    offset_ms: i64,
}

impl Record for DevClock {
    const KIND: Kind = Kind::DevClock;
    const PREFIX: &str = "meta/dev-clock";
    type Id = ();

    fn id(&self) -> Self::Id {}

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(DevClockMessage { offset_ms: self.offset_ms }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        DevClockMessage::decode(payload.reveal()).ok().map(|message| Self { offset_ms: message.offset_ms })
    }
}
