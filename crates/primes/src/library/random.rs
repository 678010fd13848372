//! Random words from AWS-LC's generator (CTR_DRBG of SP 800-90A, seeded by the system).
#![allow(unsafe_code, reason = "only the C interface fills a buffer of words in place")]

use claviger_base::random;
use zeroize::Zeroizing;

use super::{LibraryFailed, succeeded};

/// Bytes from the system that are mixed in on every call.
const FRESH_BYTES: usize = 32;

/// Fills `out`. Fresh bytes from the system are mixed into the generator's state first: if the machine was copied together with
/// this process, both copies have the same state, and only the kernel's generator is reseeded.
pub(crate) fn fill(out: &mut [u64]) -> Result<(), LibraryFailed> {
    let mut fresh = Zeroizing::new([0_u8; FRESH_BYTES]);
    random::fill(&mut *fresh).map_err(|_unavailable| LibraryFailed)?;
    let (start, len) = (out.as_mut_ptr().cast(), size_of_val(out));
    // SAFETY: pointer and length are those of one exclusively borrowed buffer, in which any bytes are valid words; the
    // third argument points to the 32 bytes (RAND_PRED_RESISTANCE_LEN) that the library reads.
    succeeded(unsafe { aws_lc_sys::RAND_bytes_with_user_prediction_resistance(start, len, fresh.as_ptr()) })
}
