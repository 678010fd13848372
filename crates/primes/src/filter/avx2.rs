//! Four candidates at once with AVX2.

use super::Filter;
use crate::kernel::{Avx2, avx2};
use crate::library::LibraryFailed;
use crate::words::Words;

/// Runs the AVX2 kernel on candidates that fit `B` blocks of 116 bits.
pub(crate) struct Avx2Filter<const B: usize>(avx2::lanes::Lanes<B>);

impl<const B: usize> Avx2Filter<B> {
    pub(crate) fn new(cpu: Avx2) -> Self {
        Self(avx2::lanes::Lanes::new(cpu))
    }
}

impl<const B: usize> Filter for Avx2Filter<B> {
    fn batch_size(&self) -> usize {
        avx2::lanes::LANES
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        for (lane, words) in candidates.iter().enumerate() {
            self.0.load(lane, words);
        }
        Ok(self.0.test())
    }
}
