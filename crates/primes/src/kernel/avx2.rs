//! The AVX2 kernel: four candidates at once through Euler's test ([`lanes`]), for CPUs without AVX-512 IFMA.
//!
//! The test is that of `super::lanes` with other limbs: AVX2's widest multiplication has factors of 32 signed bits and a
//! product of 64, so a limb is a signed digit of 29 bits ([`digits`]).

mod digits;
pub(crate) mod lanes;
mod montgomery;
mod vector;
