//! The calls into AWS-LC that make and encode an ML-KEM key. `aws-lc-rs` exports only the expanded private key, from which the
//! seed that RFC 9935 recommends cannot be recovered.
//!
//! Every pointer that the library returns is owned by one value here, which frees it; AWS-LC wipes what it frees.
#![allow(unsafe_code, reason = "the library's safe interface has no seeds of ML-KEM keys")]

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::{NonNull, null_mut};

use aws_lc_sys::{
    CBB, CBB_cleanup, CBB_finish, CBB_init_fixed, EVP_PKEY, EVP_PKEY_CTX, EVP_PKEY_CTX_free,
    EVP_PKEY_CTX_kem_set_params, EVP_PKEY_CTX_new_id, EVP_PKEY_KEM, EVP_PKEY_free, EVP_PKEY_keygen,
    EVP_PKEY_keygen_init, EVP_marshal_private_key, EVP_marshal_public_key,
};
use zeroize::Zeroizing;

/// Room for PKCS#8 around a seed of 64 bytes: 86 bytes.
const PRIVATE_MAX: usize = 128;
/// Room for SPKI around the largest encapsulation key, 1568 bytes.
const PUBLIC_MAX: usize = 1700;

/// A key owned by AWS-LC.
pub(super) struct Key(NonNull<EVP_PKEY>);

struct Context(NonNull<EVP_PKEY_CTX>);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `EVP_PKEY_keygen`, is owned by this value alone and is not used again.
        unsafe { EVP_PKEY_free(self.0.as_ptr()) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `EVP_PKEY_CTX_new_id`, is owned by this value alone and is not used again.
        unsafe { EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}

impl Key {
    /// Makes a key of the parameter set with this number (`NID_MLKEM...`); `None` for any other number.
    pub(super) fn generate(parameters: c_int) -> Option<Self> {
        // SAFETY: a null engine is allowed; the result is checked for null.
        let context = Context(NonNull::new(unsafe { EVP_PKEY_CTX_new_id(EVP_PKEY_KEM, null_mut()) })?);
        let mut key = null_mut();
        // SAFETY: the context is valid until the end of this function, and `key` may receive a pointer to a new key.
        let is_made = unsafe {
            EVP_PKEY_keygen_init(context.0.as_ptr()) == 1
                && EVP_PKEY_CTX_kem_set_params(context.0.as_ptr(), parameters) == 1
                && EVP_PKEY_keygen(context.0.as_ptr(), &raw mut key) == 1
        };
        if is_made { NonNull::new(key).map(Self) } else { None }
    }

    /// PKCS#8 version 1 with the seed.
    pub(super) fn pkcs8_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        let mut der = Zeroizing::new(vec![0; PRIVATE_MAX]);
        let len = self.encode(EVP_marshal_private_key, &mut der)?;
        // Truncation works in place, so no unwiped copy is left behind.
        der.truncate(len);
        Some(der)
    }

    /// SubjectPublicKeyInfo.
    pub(super) fn spki_der(&self) -> Option<Vec<u8>> {
        let mut der = vec![0; PUBLIC_MAX];
        let len = self.encode(EVP_marshal_public_key, &mut der)?;
        der.truncate(len);
        Some(der)
    }

    /// Lets the library write into `out`. Returns how many bytes it wrote.
    fn encode(
        &self,
        marshal: unsafe extern "C" fn(*mut CBB, *const EVP_PKEY) -> c_int,
        out: &mut [u8],
    ) -> Option<usize> {
        let mut writer = MaybeUninit::<CBB>::uninit();
        let mut len = 0;
        // SAFETY: `CBB_init_fixed` initialises the writer over `out`, which outlives it, and never writes past its
        // length; `marshal` is one of the two functions above, which take a writer and a valid key; a
        // writer of fixed size returns no memory, so `CBB_finish` may report just the length and `CBB_cleanup` may follow it.
        let is_written = unsafe {
            CBB_init_fixed(writer.as_mut_ptr(), out.as_mut_ptr(), out.len()) == 1 && {
                let is_written = marshal(writer.as_mut_ptr(), self.0.as_ptr()) == 1
                    && CBB_finish(writer.as_mut_ptr(), null_mut(), &raw mut len) == 1;
                CBB_cleanup(writer.as_mut_ptr());
                is_written
            }
        };
        is_written.then_some(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_numbers_are_no_parameter_sets() {
        for parameters in [0, -1, aws_lc_sys::NID_X9_62_prime256v1, aws_lc_sys::NID_MLDSA44] {
            assert!(Key::generate(parameters).is_none(), "{parameters}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let key = Key::generate(aws_lc_sys::NID_MLKEM512).unwrap();
        let full = key.spki_der().unwrap();
        assert!(key.encode(EVP_marshal_public_key, &mut vec![0; full.len() - 1]).is_none());
        assert!(key.encode(EVP_marshal_public_key, &mut []).is_none());
        let mut exact = vec![0; full.len()];
        assert_eq!(key.encode(EVP_marshal_public_key, &mut exact), Some(full.len()));
        assert_eq!(exact, full);
    }
}
