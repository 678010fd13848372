//! HMAC (RFC 2104) with SHA-256, and with SHA-1 where the control plane's signature version 1 requires it.
//!
//! Rule: tags are compared in constant time, and only here.

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

/// Verifies an HMAC-SHA-256 tag in constant time. A truncated tag is refused.
///
/// # Errors
/// [`VerifyFailed`] if `expected` is not the complete tag.
pub fn verify_hmac_sha256(key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), VerifyFailed> {
    hmac::verify(&Key::new(HMAC_SHA256, key), data, expected).map_err(|_unspecified| VerifyFailed)
}

/// The HMAC-SHA-1 tag of `data`, for RPC signature version 1 (rpc-api 3.1) and PKCS#12 only.
#[must_use]
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; HMAC_SHA1_LEN] {
    tag(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, data)
}

/// Verifies an HMAC-SHA-1 tag in constant time. A truncated tag is refused.
///
/// # Errors
/// [`VerifyFailed`] if `expected` is not the complete tag.
pub fn verify_hmac_sha1(key: &[u8], data: &[u8], expected: &[u8]) -> Result<(), VerifyFailed> {
    hmac::verify(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), data, expected).map_err(|_unspecified| VerifyFailed)
}

/// The HMAC-SHA-256 key of a key version with its key blocks precomputed (instance-api 5.9). Share it between
/// requests.
///
/// ```
/// use claviger_crypto::mac::HmacSha256Key;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = HmacSha256Key::new(&HmacSha256Key::generate()?)?;
/// let tag = key.sign(b"message");
/// key.verify(b"message", &tag)?;
/// assert!(key.verify(b"another message", &tag).is_err());
/// # Ok(())
/// # }
/// ```
pub struct HmacSha256Key(Key);

impl HmacSha256Key {
    /// Length of generated key material, bytes: that of the digest (RFC 2104 section 3).
    pub const LEN: usize = HMAC_SHA256_LEN;

    /// Generates key material.
    ///
    /// # Errors
    /// [`GenerateFailed`] if there are no random bytes.
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

    /// Verifies a tag in constant time. A truncated tag is refused.
    ///
    /// # Errors
    /// [`VerifyFailed`] if `expected` is not the complete tag.
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
