//! Random bytes from the library's generator (CTR_DRBG of SP 800-90A, seeded by the system).
#![allow(unsafe_code, reason = "the only way to the library's generator that fills a buffer in place without a copy")]

use super::{LibraryFailed, succeeded};

/// Fills `out`.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), LibraryFailed> {
    // SAFETY: pointer and length are those of one exclusively borrowed buffer.
    succeeded(unsafe { aws_lc_sys::RAND_bytes(out.as_mut_ptr(), out.len()) })
}
