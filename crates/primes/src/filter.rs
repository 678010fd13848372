//! The filter: rejects nearly every composite that trial division left, and never a prime.
//!
//! All filters ask whether 2^((w-1)/2) = +-1 mod w. Candidates that pass are confirmed elsewhere (`confirm`), so a broken filter
//! costs time and never a key.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
pub(crate) mod dual;
#[cfg(target_arch = "x86_64")]
pub(crate) mod ifma;
pub(crate) mod scalar;
#[cfg(test)]
mod tests;

use crate::library::LibraryFailed;
use crate::words::Words;

/// Tests a batch of candidates.
pub(crate) trait Filter: Send {
    /// How many candidates one test takes, at most 8.
    fn batch_size(&self) -> usize;

    /// Bit i of the result is set if candidate i may be prime. `candidates` must be a full batch.
    ///
    /// # Errors
    /// The library failed.
    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed>;
}
