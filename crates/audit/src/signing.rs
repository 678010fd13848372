//! The messages that are signed, byte for byte, and their signatures (`docs/formats/audit.md`, "Signatures").

use claviger_base::SecretBytes;
use claviger_crypto::ed25519::{PublicKey, SigningKey};

use crate::error::OpenError;
use crate::position::{Head, LogPosition};

const CHECKPOINT: &[u8] = b"claviger-audit-checkpoint-v1";
const HEAD: &[u8] = b"claviger-audit-head-v2";
/// For logs written before the slots of the head had numbers.
const UNNUMBERED_HEAD: &[u8] = b"claviger-audit-head-v1";

/// Signs checkpoints and heads.
pub(crate) struct Signer(SigningKey);

impl Signer {
    pub(crate) fn new(seed: &SecretBytes) -> Result<Self, OpenError> {
        SigningKey::from_seed(seed).map(Self).map_err(|_refused| OpenError::Seed)
    }

    pub(crate) fn public_key(&self) -> Result<[u8; 32], OpenError> {
        self.0.public_key().map(|key| *key.as_bytes()).map_err(|_rejected| OpenError::Seed)
    }

    pub(crate) fn sign_checkpoint(&self, position: &LogPosition) -> Option<[u8; 64]> {
        self.sign(&checkpoint_message(position))
    }

    pub(crate) fn sign_head(&self, head: &Head, number: u64) -> Option<[u8; 64]> {
        self.sign(&head_message(head, number))
    }

    fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        self.0.sign(message).ok()
    }
}

/// Checks signatures that a [`Signer`] made.
pub(crate) struct SignatureVerifier(PublicKey);

impl SignatureVerifier {
    pub(crate) fn new(public_key: &[u8; 32]) -> Option<Self> {
        PublicKey::from_bytes(public_key).ok().map(Self)
    }

    pub(crate) fn verifies_checkpoint(&self, position: &LogPosition, signature: &[u8]) -> bool {
        self.0.verify(&checkpoint_message(position), signature).is_ok()
    }

    pub(crate) fn verifies_head(&self, head: &Head, number: u64, signature: &[u8]) -> bool {
        self.0.verify(&head_message(head, number), signature).is_ok()
    }

    pub(crate) fn verifies_unnumbered_head(&self, head: &Head, signature: &[u8]) -> bool {
        self.0.verify(&[UNNUMBERED_HEAD, &head_bytes(head)].concat(), signature).is_ok()
    }
}

fn checkpoint_message(position: &LogPosition) -> Vec<u8> {
    [CHECKPOINT, &position.seq.to_be_bytes(), &position.chain].concat()
}

fn head_message(head: &Head, number: u64) -> Vec<u8> {
    [HEAD, &number.to_be_bytes(), &head_bytes(head)].concat()
}

fn head_bytes(head: &Head) -> Vec<u8> {
    let Head { position, segment, offset } = head;
    [&position.seq.to_be_bytes()[..], &position.chain, &segment.to_be_bytes(), &offset.to_be_bytes()].concat()
}
