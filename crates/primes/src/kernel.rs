//! The kernels. For AVX-512 IFMA: eight candidates at once through one exponentiation ([`lanes`]), one candidate at
//! once through eight products of small primes ([`divide`]). For AVX2: four candidates at once ([`avx2`]). Together
//! with the binding to the library (`library`) the only files of the workspace with `unsafe` code.
//!
//! Rule kept: nothing outside this folder can reach an instruction that the CPU lacks. Every entry takes an [`Ifma`]
//! or an [`Avx2`], and only [`Ifma::detect`] and [`Avx2::detect`] make them. Verdicts of these kernels throw candidates
//! away and never accept one.

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
    /// The proof, where the CPU and the operating system offer both.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")).then_some(Self(()))
    }
}

/// Proof that this CPU has AVX2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, where the CPU and the operating system offer it.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}
