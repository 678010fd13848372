//! HMAC (RFC 2104) with SHA-256, and with SHA-1 where the control plane's signature version 1 demands it.
//!
//! Rule: tags are compared in constant time, here and nowhere else.

use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key};

use claviger_base::SecretBytes;

use crate::error::{GenerateFailed, KeyLengthWrong, VerifyFailed};

/// Length of an HMAC-SHA-256 tag, bytes.
pub const HMAC_SHA256_LEN: usize = 32;
/// Length of an HMAC-SHA-1 tag, bytes.
pub const HMAC_SHA1_LEN: usize = 20;

/// The HMAC-SHA-256 tag of `data`.
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; HMAC_SHA256_LEN] {
    tag(HMAC_SHA256, key, data)
}

/// Checks an HMAC-SHA-256 tag in constant time. A shortened tag is refused.
///
/// # Errors
/// [`VerifyFailed`] when `expected` is not the whole tag.
pub fn verify_hmac_sha256(key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), VerifyFailed> {
    hmac::verify(&Key::new(HMAC_SHA256, key), data, expected).map_err(|_unspecified| VerifyFailed)
}

/// The HMAC-SHA-1 tag of `data`: RPC signature version 1 (rpc-api 3.1) and PKCS#12, nothing new.
#[must_use]
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; HMAC_SHA1_LEN] {
    tag(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, data)
}

/// Checks an HMAC-SHA-1 tag in constant time. A shortened tag is refused.
///
/// # Errors
/// [`VerifyFailed`] when `expected` is not the whole tag.
pub fn verify_hmac_sha1(key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), VerifyFailed> {
    hmac::verify(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), data, expected).map_err(|_unspecified| VerifyFailed)
}

/// A key version's HMAC-SHA-256 key with its two blocks absorbed once (instance-api 5.9); share it.
pub struct HmacSha256Key(Key);

impl HmacSha256Key {
    /// Length of key material made here, bytes: that of the digest (RFC 2104 section 3).
    pub const LEN: usize = HMAC_SHA256_LEN;

    /// Fresh key material.
    ///
    /// # Errors
    /// [`GenerateFailed`] when there are no random bytes.
    pub fn generate() -> Result<SecretBytes, GenerateFailed> {
        SecretBytes::random(Self::LEN).map_err(|_unavailable| GenerateFailed)
    }

    /// Prepares a key of 32 bytes.
    ///
    /// # Errors
    /// [`KeyLengthWrong`] for any other length.
    pub fn new(key: &SecretBytes) -> Result<Self, KeyLengthWrong> {
        if key.len() == Self::LEN { Ok(Self(Key::new(HMAC_SHA256, key.reveal()))) } else { Err(KeyLengthWrong) }
    }

    /// The tag of `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; HMAC_SHA256_LEN] {
        to_array(&hmac::sign(&self.0, message))
    }

    /// Checks a tag in constant time. A shortened tag is refused.
    ///
    /// # Errors
    /// [`VerifyFailed`] when `expected` is not the whole tag.
    pub fn verify(&self, message: &[u8], expected: &[u8]) -> Result<(), VerifyFailed> {
        hmac::verify(&self.0, message, expected).map_err(|_unspecified| VerifyFailed)
    }
}

impl fmt::Debug for HmacSha256Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSha256Key([secret])")
    }
}

fn tag<const N: usize>(algorithm: hmac::Algorithm, key: &[u8], data: &[u8]) -> [u8; N] {
    to_array(&hmac::sign(&Key::new(algorithm, key), data))
}

fn to_array<const N: usize>(tag: &hmac::Tag) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231 case 2 and RFC 2202 case 2: the same key and data.
    const KEY: &[u8] = b"Jefe";
    const DATA: &[u8] = b"what do ya want for nothing?";
    const SHA256_TAG: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA1_TAG: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";

    #[test]
    fn tags_are_the_published_ones() {
        assert_eq!(hex::encode(hmac_sha256(KEY, DATA)), SHA256_TAG);
        assert_eq!(hex::encode(hmac_sha1(KEY, DATA)), SHA1_TAG);
        assert_eq!(verify_hmac_sha256(KEY, DATA, &hex::decode(SHA256_TAG).unwrap()), Ok(()));
        assert_eq!(verify_hmac_sha1(KEY, DATA, &hex::decode(SHA1_TAG).unwrap()), Ok(()));
    }

    #[test]
    fn a_tag_that_is_not_whole_and_right_is_refused() {
        let tag = hmac_sha256(KEY, DATA);
        let mut flipped = tag;
        flipped[31] ^= 1;
        for bad in [&flipped[..], &tag[..16], &tag[..31], &[], &hmac_sha1(KEY, DATA)] {
            assert_eq!(verify_hmac_sha256(KEY, DATA, bad), Err(VerifyFailed));
        }
        assert_eq!(verify_hmac_sha256(b"Jeff", DATA, &tag), Err(VerifyFailed));
        assert_eq!(verify_hmac_sha1(KEY, DATA, &tag), Err(VerifyFailed));
    }

    #[test]
    fn a_prepared_key_has_one_length_and_the_same_tags() {
        let material = HmacSha256Key::generate().unwrap();
        let key = HmacSha256Key::new(&material).unwrap();
        let tag = key.sign(DATA);
        assert_eq!(tag, hmac_sha256(material.reveal(), DATA));
        assert_eq!(key.verify(DATA, &tag), Ok(()));
        for bad in [&tag[..31], &[], &hmac_sha256(KEY, DATA)] {
            assert_eq!(key.verify(DATA, bad), Err(VerifyFailed));
        }
        for len in [0, 16, 31, 33, 64] {
            assert_eq!(HmacSha256Key::new(&SecretBytes::new(vec![1; len])).unwrap_err(), KeyLengthWrong);
        }
        assert_eq!(format!("{key:?}"), "HmacSha256Key([secret])");
    }
}
