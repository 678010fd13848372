//! SM4-GCM (GB/T 32907-2016, RFC 8998), by RustCrypto's GCM over its SM4: AWS-LC has no SM4.
//!
//! GHASH and tag comparison run in constant time. SM4 itself reads a 256-byte table at places that depend on the key:
//! another process on the same core may learn something about the key through the first-level cache (docs/security.md). AES-256
//! has no such table.

use std::fmt;

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use claviger_base::SecretBytes;
use sm4::Sm4;
use zeroize::Zeroizing;

use crate::error::{KeyLengthWrong, OpenFailed, SealFailed};
use claviger_base::limits::{GCM_IV_BYTES, GCM_TAG_BYTES};

/// Length of a key, bytes.
pub(super) const KEY_LEN: usize = 16;

/// An SM4-GCM key with its key schedule. It is boxed because it is wiped in place and must not leave copies when moved.
pub struct Sm4GcmKey(Box<AesGcm<Sm4, U12>>);

impl Sm4GcmKey {
    /// Prepares a 16-byte key.
    ///
    /// # Errors
    /// [`KeyLengthWrong`] for any other length.
    pub fn new(key: &SecretBytes) -> Result<Self, KeyLengthWrong> {
        AesGcm::new_from_slice(key.reveal()).map(|key| Self(Box::new(key))).map_err(|_length| KeyLengthWrong)
    }

    /// Encrypts with the caller's initialization vector; returns the ciphertext followed by the tag. The caller must
    /// never use `iv` twice with this key.
    ///
    /// # Errors
    /// [`SealFailed`] if `plaintext` is longer than GCM allows.
    pub fn seal(&self, iv: &[u8; GCM_IV_BYTES], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        // Allocated at its final size: a vector that grows would leave plaintext behind.
        let mut sealed = Zeroizing::new(Vec::with_capacity(plaintext.len() + GCM_TAG_BYTES));
        sealed.extend_from_slice(plaintext);
        let tag = self
            .0
            .encrypt_inout_detached(&(*iv).into(), aad, sealed.as_mut_slice().into())
            .map_err(|_error| SealFailed)?;
        sealed.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *sealed))
    }

    /// Decrypts and authenticates a ciphertext followed by its tag.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause: too short, wrong key, vector, associated data or tag.
    pub fn open(&self, iv: &[u8; GCM_IV_BYTES], aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        let split = sealed.len().checked_sub(GCM_TAG_BYTES).ok_or(OpenFailed)?;
        let (ciphertext, tag) = sealed.split_at_checked(split).ok_or(OpenFailed)?;
        let tag: &[u8; GCM_TAG_BYTES] = tag.try_into().map_err(|_length| OpenFailed)?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        self.0
            .decrypt_inout_detached(&(*iv).into(), aad, plaintext.as_mut_slice().into(), &(*tag).into())
            .map_err(|_error| OpenFailed)?;
        Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
    }
}

impl fmt::Debug for Sm4GcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm4GcmKey([secret])")
    }
}
