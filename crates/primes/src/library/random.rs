//! Random bytes from the library's generator (CTR_DRBG of SP 800-90A, seeded by the system).
#![allow(unsafe_code, reason = "the only way to the library's generator that fills a buffer in place without a copy")]

use claviger_base::random;
use zeroize::Zeroizing;

use super::{LibraryFailed, succeeded};

/// Bytes of the system's that go into every filling.
const FRESH_BYTES: usize = 32;

/// Fills `out`. Fresh bytes of the system's go into the generator's state first: a machine that was copied with the process in it
/// goes on from the same state, and the kernel's generator is what is rekeyed then.
pub(crate) fn fill(out: &mut [u64]) -> Result<(), LibraryFailed> {
    let mut fresh = Zeroizing::new([0_u8; FRESH_BYTES]);
    random::fill(&mut *fresh).map_err(|_unavailable| LibraryFailed)?;
    let (start, len) = (out.as_mut_ptr().cast(), size_of_val(out));
    // SAFETY: pointer and length are those of one exclusively borrowed buffer, in which any bytes are valid words; the
    // third argument leads to the 32 bytes (RAND_PRED_RESISTANCE_LEN) that the library reads.
    succeeded(unsafe { aws_lc_sys::RAND_bytes_with_user_prediction_resistance(start, len, fresh.as_ptr()) })
}
