//! Ed25519 (RFC 8032): Claviger's own signatures, such as those over the audit log.

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use claviger_base::SecretBytes;

use crate::error::{GenerateFailed, KeyRejected, SignFailed, VerifyFailed};

/// Length of a seed, bytes.
pub const SEED_LEN: usize = 32;
/// Length of a public key, bytes.
pub const PUBLIC_KEY_LEN: usize = 32;
/// Length of a signature, bytes.
pub const SIGNATURE_LEN: usize = 64;

/// A private key: a seed of 32 bytes, expanded once.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a key from 32 bytes of the operating system's randomness.
    ///
    /// # Errors
    /// [`GenerateFailed`] when there are no random bytes.
    pub fn generate() -> Result<Self, GenerateFailed> {
        let seed = SecretBytes::random(SEED_LEN).map_err(|_refused| GenerateFailed)?;
        Self::from_seed(&seed).map_err(|_rejected| GenerateFailed)
    }

    /// Takes a seed of 32 bytes.
    ///
    /// # Errors
    /// [`KeyRejected`] for any other length.
    pub fn from_seed(seed: &SecretBytes) -> Result<Self, KeyRejected> {
        if seed.len() != SEED_LEN {
            return Err(KeyRejected);
        }
        Ed25519KeyPair::from_seed_unchecked(seed.reveal()).map(Self).map_err(|_rejected| KeyRejected)
    }

    /// The seed, 32 bytes: what is stored.
    ///
    /// # Errors
    /// [`KeyRejected`] when the library will not give it.
    pub fn seed(&self) -> Result<SecretBytes, KeyRejected> {
        let seed = self.0.seed().map_err(|_unspecified| KeyRejected)?;
        let bytes: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_unspecified| KeyRejected)?;
        Ok(SecretBytes::copy_from(bytes.as_ref()))
    }

    /// Signs `message`.
    ///
    /// # Errors
    /// [`SignFailed`] when the library makes no signature.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailed> {
        let signature = self.0.try_sign(message).map_err(|_unspecified| SignFailed)?;
        signature.as_ref().try_into().map_err(|_length| SignFailed)
    }

    /// The public half.
    ///
    /// # Errors
    /// [`KeyRejected`] when the library will not parse its own key.
    pub fn public_key(&self) -> Result<PublicKey, KeyRejected> {
        PublicKey::from_bytes(self.0.public_key().as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ed25519::SigningKey([secret])")
    }
}

/// A public key, ready to check signatures.
#[derive(Clone)]
pub struct PublicKey {
    key: ParsedPublicKey,
    bytes: [u8; PUBLIC_KEY_LEN],
}

impl PublicKey {
    /// Takes the 32-byte form.
    ///
    /// # Errors
    /// [`KeyRejected`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyRejected> {
        let bytes = bytes.try_into().map_err(|_length| KeyRejected)?;
        let key = ParsedPublicKey::new(&ED25519, bytes).map_err(|_rejected| KeyRejected)?;
        Ok(Self { key, bytes })
    }

    /// The 32-byte form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LEN] {
        &self.bytes
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// [`VerifyFailed`] when it is not one by this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailed> {
        self.key.verify_sig(message, signature).map_err(|_unspecified| VerifyFailed)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519::PublicKey({})", hex::encode(self.bytes))
    }
}
