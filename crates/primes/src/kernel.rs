//! Vectorized kernels. For AVX-512 IFMA: one exponentiation for eight candidates ([`lanes`]), and trial division of one
//! candidate by eight products of small primes ([`divide`]). For AVX2: one exponentiation for four candidates ([`avx2`]).
//!
//! Code outside this folder cannot reach an instruction that the CPU lacks: every entry point takes an [`Ifma`] or an
//! [`Avx2`], which only [`Ifma::detect`] and [`Avx2::detect`] create. The kernels can reject candidates but never accept one.

pub(crate) mod avx2;
#[cfg(test)]
mod candidates;
pub(crate) mod divide;
pub(crate) mod lanes;
mod limbs;
mod montgomery;
mod vector;

/// Proof that this CPU has AVX-512 F and IFMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ifma(());

impl Ifma {
    /// The proof, if the CPU and the operating system support both.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")).then_some(Self(()))
    }
}

/// Proof that this CPU has AVX2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if the CPU and the operating system support it.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}
