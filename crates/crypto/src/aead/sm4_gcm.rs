//! SM4-GCM (GB/T 32907-2016, RFC 8998), by RustCrypto's GCM over its SM4: AWS-LC has no SM4.
//!
//! GHASH and the comparison of tags take constant time. SM4 itself reads a table of 256 bytes at places that depend on
//! the key: who shares the core's first-level cache may learn of it (docs/security.md). AES-256 has no such table.

use std::fmt;

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use claviger_base::SecretBytes;
use sm4::Sm4;
use zeroize::Zeroizing;

use super::{IV_LEN, TAG_LEN};
use crate::error::{KeyLengthWrong, OpenFailed, SealFailed};

/// Length of a key, bytes.
pub(super) const KEY_LEN: usize = 16;

/// A key with its schedule computed once; boxed, because it is wiped where it lies and is better not moved about.
pub struct Sm4GcmKey(Box<AesGcm<Sm4, U12>>);

impl Sm4GcmKey {
    /// Prepares a 16-byte key.
    ///
    /// # Errors
    /// [`KeyLengthWrong`] for any other length.
    pub fn new(key: &SecretBytes) -> Result<Self, KeyLengthWrong> {
        AesGcm::new_from_slice(key.reveal()).map(|key| Self(Box::new(key))).map_err(|_length| KeyLengthWrong)
    }

    /// Seals under a caller's vector: ciphertext followed by the tag. The caller promises that `iv` never meets this key
    /// twice.
    ///
    /// # Errors
    /// [`SealFailed`] when `plaintext` is longer than GCM allows.
    pub fn seal(&self, iv: &[u8; IV_LEN], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        // Of the final size from the start: a vector that grew would leave plaintext behind.
        let mut sealed = Zeroizing::new(Vec::with_capacity(plaintext.len() + TAG_LEN));
        sealed.extend_from_slice(plaintext);
        let tag = self
            .0
            .encrypt_inout_detached(&(*iv).into(), aad, sealed.as_mut_slice().into())
            .map_err(|_error| SealFailed)?;
        sealed.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *sealed))
    }

    /// Opens ciphertext followed by the tag.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever was wrong: too short, wrong key, wrong vector, wrong data, wrong tag.
    pub fn open(&self, iv: &[u8; IV_LEN], aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        let split = sealed.len().checked_sub(TAG_LEN).ok_or(OpenFailed)?;
        let (ciphertext, tag) = sealed.split_at_checked(split).ok_or(OpenFailed)?;
        let tag: &[u8; TAG_LEN] = tag.try_into().map_err(|_length| OpenFailed)?;
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
