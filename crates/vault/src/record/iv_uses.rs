//! How often a key version has encrypted with a random IV, counted in reserved blocks (NIST SP 800-38D section 8.3).

use claviger_base::SecretBytes;
use claviger_base::id::KeyVersionId;
use prost::Message;
use zeroize::Zeroizing;

use crate::kind::Kind;
use crate::record::Record;

/// The uses of a key version that are reserved: those that happened, and those that a running server may still make without
/// reserving more. A crash loses the difference, so the count is never too low.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IvUses {
    /// The version.
    pub version: KeyVersionId,
    /// How many are reserved; at least as many as happened.
    pub reserved: u64,
}

#[derive(Message)]
struct IvUsesMessage {
    #[prost(string, tag = "1")]
    version: String,
    #[prost(uint64, tag = "2")]
    reserved: u64,
}

impl Record for IvUses {
    const KIND: Kind = Kind::IvUses;
    const PREFIX: &str = "iv-uses/";
    type Id = KeyVersionId;

    fn id(&self) -> KeyVersionId {
        self.version.clone()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(IvUsesMessage { version: self.version.to_string(), reserved: self.reserved }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = IvUsesMessage::decode(payload.reveal()).ok()?;
        Some(Self { version: KeyVersionId::parse(&message.version)?, reserved: message.reserved })
    }
}
