//! Ed25519 (RFC 8032), for Claviger's own signatures, such as those of the audit log.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use claviger_base::SecretBytes;

use crate::error::{KeyRejected, SignFailed, VerifyFailed};

/// Length of a seed, bytes.
pub const SEED_LEN: usize = 32;
/// Length of a public key, bytes.
pub const PUBLIC_KEY_LEN: usize = 32;
/// Length of a signature, bytes.
pub const SIGNATURE_LEN: usize = 64;

/// A private key: a seed of 32 bytes, expanded once.
///
/// ```
/// use claviger_base::SecretBytes;
/// use claviger_crypto::ed25519::{SEED_LEN, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::from_seed(&SecretBytes::random(SEED_LEN)?)?;
/// let signature = key.sign(b"message")?;
/// key.public_key()?.verify(b"message", &signature)?;
/// # Ok(())
/// # }
/// ```
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Creates the key from its 32-byte seed.
    ///
    /// # Errors
    /// [`KeyRejected`] for any other length.
    pub fn from_seed(seed: &SecretBytes) -> Result<Self, KeyRejected> {
        if seed.len() != SEED_LEN {
            return Err(KeyRejected);
        }
        Ed25519KeyPair::from_seed_unchecked(seed.reveal()).map(Self).map_err(|_rejected| KeyRejected)
    }

    /// Signs `message`.
    ///
    /// # Errors
    /// [`SignFailed`] if the library creates no signature.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailed> {
        let signature = self.0.try_sign(message).map_err(|_unspecified| SignFailed)?;
        signature.as_ref().try_into().map_err(|_length| SignFailed)
    }

    /// The public key.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot parse its own key.
    pub fn public_key(&self) -> Result<PublicKey, KeyRejected> {
        PublicKey::from_bytes(self.0.public_key().as_ref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ed25519::SigningKey([secret])")
    }
}

/// A public key, ready to verify signatures.
#[derive(Clone)]
pub struct PublicKey {
    key: ParsedPublicKey,
    bytes: [u8; PUBLIC_KEY_LEN],
}

impl PublicKey {
    /// Creates the key from its 32-byte form.
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

    /// Verifies a signature over `message`.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailed> {
        self.key.verify_sig(message, signature).map_err(|_unspecified| VerifyFailed)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519::PublicKey({})", hex::encode(self.bytes))
    }
}
