//! ECIES on NIST P-256; the Diffie-Hellman primitive is AWS-LC's.
//!
//! Rule: before a point is used, the library checks that it is on the curve and not the identity.

use std::fmt;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use claviger_base::SecretBytes;

use crate::ec::{self, point_of_spki};
use crate::error::{KeyRejected, OpenFailed, SealFailed};
use crate::rsa::refuse_trailing_bytes;

/// A public key that encrypts.
pub struct SealingKey(Vec<u8>);

impl SealingKey {
    /// Parses an X.509 `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are an uncompressed point on P-256 in its canonical DER form.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyRejected> {
        ec::PublicKey::from_spki_der(spki)?;
        point_of_spki(spki).map(|point| Self(point.to_vec()))
    }

    /// Encrypts for the holder of the private key; the result is [`OVERHEAD`](super::OVERHEAD) longer than `plaintext`.
    ///
    /// # Errors
    /// [`SealFailed`] if the library generates no ephemeral key.
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        let ephemeral = PrivateKey::generate(&ECDH_P256).map_err(|_unspecified| SealFailed)?;
        let point = ephemeral.compute_public_key().map_err(|_unspecified| SealFailed)?;
        let peer = UnparsedPublicKey::new(&ECDH_P256, &self.0);
        agree(&ephemeral, peer, SealFailed, |z| super::seal(point.as_ref(), z, plaintext))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ecies::p256::SealingKey(..)")
    }
}

/// A private key that decrypts.
pub struct OpeningKey(PrivateKey);

impl OpeningKey {
    /// Parses a PKCS#8 `PrivateKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent key on P-256.
    pub fn from_pkcs8_der(pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        refuse_trailing_bytes(pkcs8)?;
        PrivateKey::from_private_key_der(&ECDH_P256, pkcs8.reveal()).map(Self).map_err(|_rejected| KeyRejected)
    }

    /// Decrypts a ciphertext.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause.
    pub fn open(&self, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        let (point, rest) = super::split(sealed)?;
        agree(&self.0, UnparsedPublicKey::new(&ECDH_P256, point), OpenFailed, |z| super::open(z, rest))
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ecies::p256::OpeningKey([secret])")
    }
}
