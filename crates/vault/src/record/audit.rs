//! The state of the audit log: the key that signs it, and a line that it must contain.

use std::fmt;

use claviger_base::SecretBytes;
use prost::Message;
use zeroize::{Zeroize, Zeroizing};

use crate::kind::Kind;
use crate::record::Record;

/// The state of a signing key whose log exists.
const LOG_BEGUN: &str = "log begun";

/// The Ed25519 seed that signs audit checkpoints, 32 bytes.
#[derive(Debug)]
pub struct AuditSigningKey {
    /// The seed.
    pub seed: SecretBytes,
    /// Whether the audit log was begun. If so, a missing log is a loss and not a first start.
    pub has_log: bool,
    /// Whether there is an [`AuditAnchor`]. If so, a missing one is a loss. Unset in records written before anchors existed.
    pub has_anchor: bool,
}

/// A line that the audit log must contain: the one that was its last line, at most a second ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditAnchor {
    /// The log's public key, which identifies the log.
    pub public_key: [u8; 32],
    /// The line's number; 0 before the first.
    pub seq: u64,
    /// The line's chain hash; zeros before the first.
    pub chain: [u8; 32],
}

#[derive(Message)]
#[prost(skip_debug)]
struct SigningKeyMessage {
    #[prost(bytes = "vec", tag = "1")]
    seed: Vec<u8>,
    #[prost(string, tag = "2")]
    state: String,
    #[prost(bool, tag = "3")]
    has_anchor: bool,
}

impl fmt::Debug for SigningKeyMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Drop for SigningKeyMessage {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

#[derive(Message)]
struct AnchorMessage {
    #[prost(bytes = "vec", tag = "1")]
    public_key: Vec<u8>,
    #[prost(uint64, tag = "2")]
    seq: u64,
    #[prost(bytes = "vec", tag = "3")]
    chain: Vec<u8>,
}

impl Record for AuditSigningKey {
    const KIND: Kind = Kind::AuditSigningKey;
    const PREFIX: &str = "meta/audit-signing-key";
    type Id = ();

    fn id(&self) -> Self::Id {}

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let state = if self.has_log { LOG_BEGUN.to_owned() } else { String::new() };
        let message = SigningKeyMessage { seed: self.seed.reveal().to_vec(), state, has_anchor: self.has_anchor };
        Zeroizing::new(message.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let mut message = SigningKeyMessage::decode(payload.reveal()).ok()?;
        let (has_log, has_anchor) = (message.state == LOG_BEGUN, message.has_anchor);
        Some(Self { seed: SecretBytes::new(std::mem::take(&mut message.seed)), has_log, has_anchor })
    }
}

impl Record for AuditAnchor {
    const KIND: Kind = Kind::AuditAnchor;
    const PREFIX: &str = "meta/audit-anchor";
    type Id = ();

    fn id(&self) -> Self::Id {}

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let (public_key, chain) = (self.public_key.to_vec(), self.chain.to_vec());
        Zeroizing::new(AnchorMessage { public_key, seq: self.seq, chain }.encode_to_vec())
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = AnchorMessage::decode(payload.reveal()).ok()?;
        let (public_key, chain) = (message.public_key.try_into().ok()?, message.chain.try_into().ok()?);
        Some(Self { public_key, seq: message.seq, chain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_read_back_and_a_key_from_before_anchors_has_none() {
        let anchor = AuditAnchor { public_key: [1; 32], seq: 77, chain: [2; 32] };
        assert_eq!(AuditAnchor::decode(&SecretBytes::copy_from(&anchor.encode())), Some(anchor));
        let key = AuditSigningKey { seed: SecretBytes::copy_from(&[3; 32]), has_log: true, has_anchor: true };
        let read = AuditSigningKey::decode(&SecretBytes::copy_from(&key.encode())).unwrap();
        assert!(read.has_log && read.has_anchor);
        // Seed and state, as the version before wrote them.
        let old = [&[0x0a, 32][..], &[3; 32], &[0x12, 9], b"log begun"].concat();
        let read = AuditSigningKey::decode(&SecretBytes::copy_from(&old)).unwrap();
        assert!(read.has_log && !read.has_anchor);
    }
}
