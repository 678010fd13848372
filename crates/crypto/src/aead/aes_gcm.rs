//! AES-256-GCM, by AWS-LC.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use claviger_base::{SecretBytes, random};
use zeroize::Zeroizing;

use crate::error::{KeyLengthWrong, OpenFailed, SealFailed};
use claviger_base::limits::{GCM_IV_BYTES, GCM_TAG_BYTES};

/// An AES-256-GCM key with its key schedule. Computing the schedule is costly, so share the key between requests.
pub struct Aes256GcmKey(LessSafeKey);

impl Aes256GcmKey {
    /// Prepares a 32-byte key.
    ///
    /// # Errors
    /// [`KeyLengthWrong`] for any other length.
    pub fn new(key: &SecretBytes) -> Result<Self, KeyLengthWrong> {
        let unbound = UnboundKey::new(&AES_256_GCM, key.reveal()).map_err(|_unspecified| KeyLengthWrong)?;
        Ok(Self(LessSafeKey::new(unbound)))
    }

    /// Encrypts with the caller's initialization vector; returns the ciphertext followed by the tag.
    ///
    /// The caller must never use `iv` twice with this key; [`seal_random`](Self::seal_random) takes care of that
    /// itself.
    ///
    /// # Errors
    /// [`SealFailed`] if `plaintext` is longer than GCM allows.
    pub fn seal(&self, iv: &[u8; GCM_IV_BYTES], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        let mut sealed = vec![0; plaintext.len() + GCM_TAG_BYTES];
        let (ciphertext, tag) = sealed.split_at_mut(plaintext.len());
        self.0
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(*iv),
                Aad::from(aad),
                plaintext,
                ciphertext,
                &[],
                tag,
            )
            .map_err(|_unspecified| SealFailed)?;
        Ok(sealed)
    }

    /// Encrypts with a random initialization vector; returns the vector, and the ciphertext followed by the tag.
    ///
    /// # Errors
    /// [`SealFailed`] if there are no random bytes or `plaintext` is longer than GCM allows.
    pub fn seal_random(&self, aad: &[u8], plaintext: &[u8]) -> Result<([u8; GCM_IV_BYTES], Vec<u8>), SealFailed> {
        let iv = random::bytes().map_err(|_refused| SealFailed)?;
        Ok((iv, self.seal(&iv, aad, plaintext)?))
    }

    /// Decrypts and authenticates a ciphertext followed by its tag.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause: too short, wrong key, vector, associated data or tag.
    pub fn open(&self, iv: &[u8; GCM_IV_BYTES], aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        let split = sealed.len().checked_sub(GCM_TAG_BYTES).ok_or(OpenFailed)?;
        let (ciphertext, tag) = sealed.split_at_checked(split).ok_or(OpenFailed)?;
        // The library may have written unauthenticated plaintext before it failed, so the buffer is wiped on that path
        // too.
        let mut plaintext = Zeroizing::new(vec![0; split]);
        self.0
            .open_separate_gather(Nonce::assume_unique_for_key(*iv), Aad::from(aad), ciphertext, tag, &mut plaintext)
            .map_err(|_unspecified| OpenFailed)?;
        Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
    }
}

impl fmt::Debug for Aes256GcmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aes256GcmKey([secret])")
    }
}
