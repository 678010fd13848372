//! What is hashed and what is signed, byte for byte (`docs/formats/audit.md`, "Chain" and "Signatures").

use claviger_base::SecretBytes;
use claviger_crypto::digest::Sha256;
use claviger_crypto::ed25519::{PublicKey, SigningKey};

use crate::error::OpenError;
use crate::line::{Head, Mark};

const CHECKPOINT: &[u8] = b"claviger-audit-checkpoint-v1";
const HEAD: &[u8] = b"claviger-audit-head-v2";
/// Of logs that were written before slots of the head had numbers.
const UNNUMBERED_HEAD: &[u8] = b"claviger-audit-head-v1";

/// One link: SHA-256 of the previous link and the line's body.
pub(crate) fn link(previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(previous);
    digest.update(body);
    digest.finish()
}

/// Signs checkpoints and heads.
pub(crate) struct Signer(SigningKey);

impl Signer {
    pub(crate) fn new(seed: &SecretBytes) -> Result<Self, OpenError> {
        SigningKey::from_seed(seed).map(Self).map_err(|_refused| OpenError::Seed)
    }

    pub(crate) fn public_key(&self) -> Result<[u8; 32], OpenError> {
        self.0.public_key().map(|key| *key.as_bytes()).map_err(|_rejected| OpenError::Seed)
    }

    pub(crate) fn sign_checkpoint(&self, mark: &Mark) -> Option<[u8; 64]> {
        self.sign(&checkpoint_message(mark))
    }

    pub(crate) fn sign_head(&self, head: &Head, number: u64) -> Option<[u8; 64]> {
        self.sign(&head_message(head, number))
    }

    fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        self.0.sign(message).ok()
    }
}

/// Checks what [`Signer`] signed.
pub(crate) struct Checker(PublicKey);

impl Checker {
    pub(crate) fn new(public_key: &[u8; 32]) -> Option<Self> {
        PublicKey::from_bytes(public_key).ok().map(Self)
    }

    pub(crate) fn checkpoint_is_good(&self, mark: &Mark, signature: &[u8]) -> bool {
        self.0.verify(&checkpoint_message(mark), signature).is_ok()
    }

    pub(crate) fn head_is_good(&self, head: &Head, number: u64, signature: &[u8]) -> bool {
        self.0.verify(&head_message(head, number), signature).is_ok()
    }

    pub(crate) fn unnumbered_head_is_good(&self, head: &Head, signature: &[u8]) -> bool {
        self.0.verify(&[UNNUMBERED_HEAD, &position(head)].concat(), signature).is_ok()
    }
}

fn checkpoint_message(mark: &Mark) -> Vec<u8> {
    [CHECKPOINT, &mark.seq.to_be_bytes(), &mark.chain].concat()
}

fn head_message(head: &Head, number: u64) -> Vec<u8> {
    [HEAD, &number.to_be_bytes(), &position(head)].concat()
}

fn position(head: &Head) -> Vec<u8> {
    let Head { mark, segment, offset } = head;
    [&mark.seq.to_be_bytes()[..], &mark.chain, &segment.to_be_bytes(), &offset.to_be_bytes()].concat()
}
