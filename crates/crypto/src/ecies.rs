//! ECIES_DH_SHA_1_XOR_HMAC: ECIES of SEC 1 version 2.0 section 5.1, on P-256 and secp256k1 (instance-api 8).
//!
//! Rule: the tag is verified before decryption, and every failure is the same error. SEC 1 leaves choices to the
//! parties (section 5.1.1), and the API's documentation only names the components. The choices are:
//!
//! * Diffie-Hellman: the elliptic curve primitive of 3.3.1, not the cofactor one; on these curves they are equal.
//! * KDF: ANSI X9.63 with SHA-1 (3.6.1) over Z alone, the x coordinate as 32 bytes. The ephemeral point is not an input
//!   (that would be DHAES mode, which SEC 1 has only through SharedInfo1).
//! * SharedInfo1, SharedInfo2: empty.
//! * K = EK || MK, the encryption key first (5.1.3 step 6), as long as the plaintext; MK 20 bytes.
//! * MAC: HMAC-SHA-1 over the ciphertext, 20 bytes, not truncated (SEC 1 section 3.7).
//! * Sealed: ephemeral point || ciphertext || tag (5.1.3 step 9). The point is written uncompressed, 65 bytes;
//!   a compressed one is read too (5.1.4 step 1).
//!
//! The weakness of this scheme comes with these choices: with XOR and EK first, anyone who knows 20 bytes of a message
//! can forge shorter messages under the same point. The key's owner can decrypt everything anyway. Prefer RSAES-OAEP.

pub mod p256;
pub(crate) mod secp256k1;

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY};
use claviger_base::SecretBytes;

use crate::error::{OpenFailed, SealFailed};
use crate::mac::{HMAC_SHA1_LEN, hmac_sha1, verify_hmac_sha1};
use crate::x963;

/// Length of an uncompressed point, bytes.
const POINT_LEN: usize = 65;
/// Length of a compressed point, bytes.
const COMPRESSED_POINT_LEN: usize = 33;
/// Length of the key of the MAC, bytes.
const MAC_KEY_LEN: usize = 20;
/// How much longer a ciphertext is than its plaintext, bytes.
pub const OVERHEAD: usize = POINT_LEN + HMAC_SHA1_LEN;

fn sha1(parts: &[&[u8]]) -> [u8; HMAC_SHA1_LEN] {
    let mut context = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    parts.iter().for_each(|part| context.update(part));
    let mut out = [0; HMAC_SHA1_LEN];
    for (to, from) in out.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    out
}

/// Section 5.1.3 from step 5 on: `point` is the ephemeral public key, `z` the shared secret.
fn seal(point: &[u8], z: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
    let keys = x963::derive(sha1, z, plaintext.len() + MAC_KEY_LEN).ok_or(SealFailed)?;
    let (encryption_key, mac_key) = keys.split_at_checked(plaintext.len()).ok_or(SealFailed)?;
    let ciphertext = x963::xor(plaintext, encryption_key);
    let tag = hmac_sha1(mac_key, &ciphertext);
    Ok([point, &ciphertext, &tag].concat())
}

/// Section 5.1.4 step 1: splits off the ephemeral point; the rest is the ciphertext with its tag.
fn split(sealed: &[u8]) -> Result<(&[u8], &[u8]), OpenFailed> {
    let point_len = match sealed.first() {
        Some(4) => POINT_LEN,
        Some(2 | 3) => COMPRESSED_POINT_LEN,
        _ => return Err(OpenFailed),
    };
    sealed.split_at_checked(point_len).ok_or(OpenFailed)
}

/// Section 5.1.4 from step 6 on: `z` is the shared secret, `rest` the ciphertext with its tag.
fn open(z: &[u8], rest: &[u8]) -> Result<SecretBytes, OpenFailed> {
    let len = rest.len().checked_sub(HMAC_SHA1_LEN).ok_or(OpenFailed)?;
    let (ciphertext, tag) = rest.split_at_checked(len).ok_or(OpenFailed)?;
    let keys = x963::derive(sha1, z, len + MAC_KEY_LEN).ok_or(OpenFailed)?;
    let (encryption_key, mac_key) = keys.split_at_checked(len).ok_or(OpenFailed)?;
    verify_hmac_sha1(mac_key, ciphertext, tag).map_err(|_wrong| OpenFailed)?;
    Ok(SecretBytes::new(x963::xor(ciphertext, encryption_key)))
}
