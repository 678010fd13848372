//! RSA keys of AWS-LC: made from their numbers, checked, tested with a signature, encoded.
#![allow(unsafe_code, reason = "only AWS-LC's C interface makes a key from given numbers")]

use std::mem::MaybeUninit;
use std::ptr::{NonNull, null_mut};

use aws_lc_sys::{CBB, EVP_PKEY, RSA};
use claviger_base::SecretBytes;

use super::number::Number;
use super::{LibraryFailed, succeeded};

/// Room for the longest encoding, a private key of 4096 bits in PKCS#8, so that the library never reallocates its buffer.
const ENCODED_MAX: usize = 2600;

/// The numbers of a key (RFC 8017 3.2), e = 65537.
pub(crate) struct KeyNumbers<'n> {
    pub(crate) n: &'n Number,
    pub(crate) d: &'n Number,
    pub(crate) p: &'n Number,
    pub(crate) q: &'n Number,
    pub(crate) d_mod_p_minus_1: &'n Number,
    pub(crate) d_mod_q_minus_1: &'n Number,
    pub(crate) q_inverse_mod_p: &'n Number,
}

/// A private key that has passed AWS-LC's own check.
pub(crate) struct CheckedKey {
    envelope: NonNull<EVP_PKEY>,
    /// Owned by the envelope.
    key: NonNull<RSA>,
}

impl CheckedKey {
    /// Makes the key. AWS-LC runs `RSA_check_key` on it: n = p q, d e = 1 modulo p - 1 and q - 1, and the CRT numbers.
    pub(crate) fn new(numbers: &KeyNumbers<'_>) -> Result<Self, LibraryFailed> {
        let e = Number::from_words(&[65537])?;
        // SAFETY: all numbers are live; the library copies them.
        let key = unsafe {
            aws_lc_sys::RSA_new_private_key(
                numbers.n.as_ptr(),
                e.as_ptr(),
                numbers.d.as_ptr(),
                numbers.p.as_ptr(),
                numbers.q.as_ptr(),
                numbers.d_mod_p_minus_1.as_ptr(),
                numbers.d_mod_q_minus_1.as_ptr(),
                numbers.q_inverse_mod_p.as_ptr(),
            )
        };
        let key = NonNull::new(key).ok_or(LibraryFailed)?;
        // SAFETY: no preconditions; null on failure.
        let Some(envelope) = NonNull::new(unsafe { aws_lc_sys::EVP_PKEY_new() }) else {
            // SAFETY: the key is owned here and not used again.
            unsafe { aws_lc_sys::RSA_free(key.as_ptr()) };
            return Err(LibraryFailed);
        };
        // SAFETY: both are live; the envelope takes ownership of the key, which fails only for a null pointer.
        succeeded(unsafe { aws_lc_sys::EVP_PKEY_assign_RSA(envelope.as_ptr(), key.as_ptr()) })?;
        Ok(Self { envelope, key })
    }

    /// The pairwise consistency test of FIPS 140: signs the digest with the private key and verifies with the public key
    /// (PKCS#1 v1.5, SHA-256). Blinding is off: it protects against attackers who choose or time many messages, and this is
    /// a single message of our own. The exponentiation is constant-time without it.
    pub(crate) fn sign_and_verify(&mut self, digest: &[u8; 32]) -> Result<(), LibraryFailed> {
        let mut signature = [0; 512];
        let mut length = 0;
        // SAFETY: the key is live and not shared; the signature has room for the longest modulus, 4096 bits.
        succeeded(unsafe {
            aws_lc_sys::RSA_blinding_off_temp_for_accp_compatibility(self.key.as_ptr());
            aws_lc_sys::RSA_sign(
                aws_lc_sys::NID_sha256,
                digest.as_ptr(),
                digest.len(),
                signature.as_mut_ptr(),
                &raw mut length,
                self.key.as_ptr(),
            )
        })?;
        let signature = signature.get(..length as usize).ok_or(LibraryFailed)?;
        // SAFETY: the key is live; pointers and lengths are those of borrowed buffers.
        succeeded(unsafe {
            aws_lc_sys::RSA_verify(
                aws_lc_sys::NID_sha256,
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
                self.key.as_ptr(),
            )
        })
    }

    /// PKCS#8 version 1 (RFC 5208) around PKCS#1, DER.
    pub(crate) fn pkcs8_der(&self) -> Result<SecretBytes, LibraryFailed> {
        // SAFETY: the envelope is live and `encoded` passes a live builder.
        let marshal = |to: *mut CBB| unsafe { aws_lc_sys::EVP_marshal_private_key(to, self.envelope.as_ptr()) };
        encoded(marshal, SecretBytes::copy_from)
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn spki_der(&self) -> Result<Vec<u8>, LibraryFailed> {
        // SAFETY: the envelope is live and `encoded` passes a live builder.
        let marshal = |to: *mut CBB| unsafe { aws_lc_sys::EVP_marshal_public_key(to, self.envelope.as_ptr()) };
        encoded(marshal, <[u8]>::to_vec)
    }
}

impl Drop for CheckedKey {
    fn drop(&mut self) {
        // SAFETY: owned here and not used again. This frees the key as well, and the library wipes what it frees.
        unsafe { aws_lc_sys::EVP_PKEY_free(self.envelope.as_ptr()) }
    }
}

/// Passes what `marshal` writes to `take`, and wipes the library's buffer.
fn encoded<T>(
    marshal: impl FnOnce(*mut CBB) -> std::ffi::c_int,
    take: impl FnOnce(&[u8]) -> T,
) -> Result<T, LibraryFailed> {
    let mut builder = MaybeUninit::<CBB>::zeroed();
    let builder = builder.as_mut_ptr();
    let (mut data, mut length) = (null_mut(), 0);
    // SAFETY: CBB_init expects zeroed memory; after it, every path ends in CBB_finish or CBB_cleanup.
    succeeded(unsafe { aws_lc_sys::CBB_init(builder, ENCODED_MAX) })?;
    // SAFETY: the builder is live; on success `data` and `length` describe a buffer that this function must free.
    let finished = succeeded(marshal(builder))
        .and_then(|()| succeeded(unsafe { aws_lc_sys::CBB_finish(builder, &raw mut data, &raw mut length) }));
    if finished.is_err() || data.is_null() {
        // SAFETY: the builder was initialized, and cleaning it up after a failed finish is allowed.
        unsafe { aws_lc_sys::CBB_cleanup(builder) };
        return Err(LibraryFailed);
    }
    // SAFETY: CBB_finish returned a buffer of that length, which nothing else uses.
    let taken = take(unsafe { std::slice::from_raw_parts(data, length) });
    // SAFETY: the buffer is owned here and not used again; OPENSSL_free wipes it.
    unsafe { aws_lc_sys::OPENSSL_free(data.cast()) };
    Ok(taken)
}
