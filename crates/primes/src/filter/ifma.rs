//! Eight candidates at once with AVX-512 IFMA.

use super::Filter;
use crate::kernel::{Ifma, lanes};
use crate::library::LibraryFailed;
use crate::words::Words;

/// Runs the IFMA kernel on candidates of `B` blocks of 256 bits.
pub(crate) struct IfmaFilter<const B: usize>(lanes::Lanes<B>);

impl<const B: usize> IfmaFilter<B> {
    pub(crate) fn new(cpu: Ifma) -> Self {
        Self(lanes::Lanes::new(cpu))
    }
}

impl<const B: usize> Filter for IfmaFilter<B> {
    fn batch_size(&self) -> usize {
        lanes::LANES
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        for (lane, words) in candidates.iter().enumerate() {
            self.0.load(lane, words);
        }
        Ok(self.0.test())
    }
}
