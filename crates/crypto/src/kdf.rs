//! Derivation with HKDF-SHA-256 (RFC 5869): so far, the names by which keys are recognised.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use claviger_base::SecretBytes;

use crate::error::GenerateFailed;

/// Length of a key's fingerprint, bytes.
pub const FINGERPRINT_LEN: usize = 8;

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        FINGERPRINT_LEN
    }
}

/// Eight bytes by which the holder of a key recognises it; they say nothing of the key and are used for nothing else.
///
/// # Errors
/// [`GenerateFailed`] when the library derives nothing.
pub fn key_fingerprint(key: &SecretBytes) -> Result<[u8; FINGERPRINT_LEN], GenerateFailed> {
    let mut out = [0; FINGERPRINT_LEN];
    // The info string keeps this output apart from anything else ever derived from the same key.
    Salt::new(HKDF_SHA256, b"claviger")
        .extract(key.reveal())
        .expand(&[b"key fingerprint 1"], Length)
        .and_then(|derived| derived.fill(&mut out))
        .map_err(|_unspecified| GenerateFailed)?;
    Ok(out)
}
