//! RSAES-OAEP (RFC 8017 section 7.1): MGF1 with the same hash, empty label (instance-api 8).
//!
//! Rule: every failure of decryption is the same error. SHA-1 is supported because the API names it. As a hash inside
//! OAEP it is not known to be weak, but nothing new should use it.

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use claviger_base::SecretBytes;
use zeroize::Zeroizing;

use super::refuse_trailing_bytes;
use crate::error::{KeyRejected, OpenFailed, SealFailed};

/// The hash of the label and of MGF1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-1.
    Sha1,
}

impl Hash {
    /// Length of a digest, bytes.
    #[must_use]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha1 => 20,
        }
    }

    const fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::Sha256 => &OAEP_SHA256_MGF1SHA256,
            Self::Sha1 => &OAEP_SHA1_MGF1SHA1,
        }
    }
}

/// The longest plaintext, bytes, for a modulus of `modulus_len` bytes: two digests and two bytes less.
#[must_use]
pub const fn plaintext_max(modulus_len: usize, hash: Hash) -> usize {
    modulus_len.saturating_sub(2 * hash.digest_len() + 2)
}

/// A public key that encrypts.
pub struct SealingKey(OaepPublicEncryptingKey);

impl SealingKey {
    /// Takes an X.509 `SubjectPublicKeyInfo`, DER, that [`rsa::PublicKey`](super::PublicKey) has accepted.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are an RSA key of 2048 to 8192 bits.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyRejected> {
        let key = PublicEncryptingKey::from_der(spki).map_err(|_rejected| KeyRejected)?;
        OaepPublicEncryptingKey::new(key).map(Self).map_err(|_unspecified| KeyRejected)
    }

    /// Length of the modulus, bytes.
    #[must_use]
    pub fn modulus_len(&self) -> usize {
        self.0.key_size_bytes()
    }

    /// Encrypts. The ciphertext is as long as the modulus.
    ///
    /// # Errors
    /// [`SealFailed`] if `plaintext` is longer than [`plaintext_max`].
    pub fn seal(&self, hash: Hash, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        let mut sealed = vec![0; self.0.ciphertext_size()];
        let written =
            self.0.encrypt(hash.algorithm(), plaintext, &mut sealed, None).map_err(|_unspecified| SealFailed)?.len();
        if written == sealed.len() { Ok(sealed) } else { Err(SealFailed) }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("oaep::SealingKey(..)")
    }
}

/// A private key that decrypts.
pub struct OpeningKey(OaepPrivateDecryptingKey);

impl OpeningKey {
    /// Parses a PKCS#8 `PrivateKeyInfo`, DER; the library checks that the numbers are consistent.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent RSA key of 2048 to 8192 bits.
    pub fn from_pkcs8_der(pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        refuse_trailing_bytes(pkcs8)?;
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8.reveal()).map_err(|_rejected| KeyRejected)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_unspecified| KeyRejected)
    }

    /// Decrypts a ciphertext.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause: length, key, hash, padding.
    pub fn open(&self, hash: Hash, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        // RFC 8017 7.1.2 step 1b: exactly as long as the modulus.
        if sealed.len() != self.0.key_size_bytes() {
            return Err(OpenFailed);
        }
        let mut buffer = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let plaintext =
            self.0.decrypt(hash.algorithm(), sealed, &mut buffer, None).map_err(|_unspecified| OpenFailed)?;
        Ok(SecretBytes::copy_from(plaintext))
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("oaep::OpeningKey([secret])")
    }
}
