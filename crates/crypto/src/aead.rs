//! Authenticated encryption: GCM (NIST SP 800-38D) with 96-bit initialization vectors and 128-bit tags, over AES-256 for
//! everything and over SM4 for keys of the spec `Aliyun_SM4` (RFC 8998).
//!
//! Rule: decryption fails in one way only, and unauthenticated plaintext is never returned.

mod aes_gcm;
mod sm4_gcm;

use std::fmt;

pub use aes_gcm::Aes256GcmKey;
use claviger_base::SecretBytes;
use claviger_base::limits::GCM_IV_BYTES;
pub use sm4_gcm::Sm4GcmKey;

use crate::error::{GenerateFailed, KeyLengthWrong, OpenFailed, SealFailed};

/// Length of an AES-256 key, bytes.
pub const KEY_LEN: usize = 32;

/// The cipher that a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// AES-256-GCM; the API's `AES_GCM`.
    Aes256Gcm,
    /// SM4-GCM; the API's `SM4_GCM`.
    Sm4Gcm,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 2] = [Self::Aes256Gcm, Self::Sm4Gcm];

    /// The API's name (instance-api 8).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AES_GCM",
            Self::Sm4Gcm => "SM4_GCM",
        }
    }

    /// Length of a key, bytes.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes256Gcm => KEY_LEN,
            Self::Sm4Gcm => sm4_gcm::KEY_LEN,
        }
    }

    /// Generates key material.
    ///
    /// # Errors
    /// [`GenerateFailed`] if there are no random bytes.
    pub fn generate_key(self) -> Result<SecretBytes, GenerateFailed> {
        SecretBytes::random(self.key_len()).map_err(|_unavailable| GenerateFailed)
    }
}

/// A key of either algorithm with its key schedule. Computing the schedule is costly, so share the key between
/// requests.
///
/// ```
/// use claviger_crypto::AeadKey;
/// use claviger_crypto::aead::Algorithm;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let material = Algorithm::Aes256Gcm.generate_key()?;
/// let key = AeadKey::new(Algorithm::Aes256Gcm, &material)?;
/// let (iv, sealed) = key.seal_random(b"associated data", b"plaintext")?;
/// assert_eq!(key.open(&iv, b"associated data", &sealed)?.reveal(), b"plaintext");
/// assert!(key.open(&iv, b"other data", &sealed).is_err());
/// # Ok(())
/// # }
/// ```
pub enum AeadKey {
    /// AES-256-GCM.
    Aes256Gcm(Aes256GcmKey),
    /// SM4-GCM.
    Sm4Gcm(Sm4GcmKey),
}

impl AeadKey {
    /// Prepares a key.
    ///
    /// # Errors
    /// [`KeyLengthWrong`] for any length other than [`Algorithm::key_len`].
    pub fn new(algorithm: Algorithm, key: &SecretBytes) -> Result<Self, KeyLengthWrong> {
        match algorithm {
            Algorithm::Aes256Gcm => Aes256GcmKey::new(key).map(Self::Aes256Gcm),
            Algorithm::Sm4Gcm => Sm4GcmKey::new(key).map(Self::Sm4Gcm),
        }
    }

    /// The cipher that this key is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Aes256Gcm(_) => Algorithm::Aes256Gcm,
            Self::Sm4Gcm(_) => Algorithm::Sm4Gcm,
        }
    }

    /// Encrypts with the caller's initialization vector; returns the ciphertext followed by the tag. The caller must
    /// never use `iv` twice with this key.
    ///
    /// # Errors
    /// [`SealFailed`] if `plaintext` is longer than GCM allows.
    pub fn seal(&self, iv: &[u8; GCM_IV_BYTES], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        match self {
            Self::Aes256Gcm(key) => key.seal(iv, aad, plaintext),
            Self::Sm4Gcm(key) => key.seal(iv, aad, plaintext),
        }
    }

    /// Encrypts with a random initialization vector; returns the vector, and the ciphertext followed by the tag.
    ///
    /// # Errors
    /// [`SealFailed`] if there are no random bytes or `plaintext` is longer than GCM allows.
    pub fn seal_random(&self, aad: &[u8], plaintext: &[u8]) -> Result<([u8; GCM_IV_BYTES], Vec<u8>), SealFailed> {
        let iv = claviger_base::random::bytes().map_err(|_refused| SealFailed)?;
        Ok((iv, self.seal(&iv, aad, plaintext)?))
    }

    /// Decrypts and authenticates a ciphertext followed by its tag.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause.
    pub fn open(&self, iv: &[u8; GCM_IV_BYTES], aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        match self {
            Self::Aes256Gcm(key) => key.open(iv, aad, sealed),
            Self::Sm4Gcm(key) => key.open(iv, aad, sealed),
        }
    }
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey([secret])")
    }
}
