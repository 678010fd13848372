//! Trial division by the IFMA kernel or by portable code. The tables for a bound are computed once per process and shared.

use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::kernel::{Ifma, divide};
use crate::small_primes;

/// Bounds are powers of 2 up to 2 to this power.
const BOUND_BITS_MAX: usize = 20;

/// Trial division up to one bound.
#[derive(Clone, Copy)]
pub(crate) enum Division {
    #[cfg(target_arch = "x86_64")]
    Ifma(&'static divide::Divider),
    Portable(&'static small_primes::Divider),
}

impl Division {
    /// By all odd primes up to 2^`bits`, in portable code.
    pub(crate) fn portable(bits: usize) -> Self {
        static TABLES: [OnceLock<small_primes::Divider>; BOUND_BITS_MAX + 1] =
            [const { OnceLock::new() }; BOUND_BITS_MAX + 1];
        let bits = bits.min(BOUND_BITS_MAX);
        let [first, ..] = &TABLES;
        let table = TABLES.get(bits).unwrap_or(first);
        Self::Portable(table.get_or_init(|| small_primes::Divider::new(1 << bits)))
    }

    /// By all odd primes up to 2^`bits`, with IFMA.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn ifma(cpu: Ifma, bits: usize) -> Self {
        static TABLES: [OnceLock<divide::Divider>; BOUND_BITS_MAX + 1] =
            [const { OnceLock::new() }; BOUND_BITS_MAX + 1];
        let bits = bits.min(BOUND_BITS_MAX);
        let [first, ..] = &TABLES;
        let table = TABLES.get(bits).unwrap_or(first);
        Self::Ifma(table.get_or_init(|| divide::Divider::new(cpu, 1 << bits)))
    }

    /// Whether no odd prime up to the bound divides the number of the little-endian `words`.
    pub(crate) fn survives(self, words: &[u64]) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(divider) => divider.survives(words),
            Self::Portable(divider) => divider.survives(words),
        }
    }
}
