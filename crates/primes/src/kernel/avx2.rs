//! The AVX2 kernel: four candidates at once through Euler's test ([`lanes`]), for CPUs without AVX-512 IFMA.
//!
//! The same test as in `super::lanes`, with other limbs: the widest multiplication that AVX2 has takes 32 signed bits
//! to 64, so that a limb is a signed digit of 29 bits ([`digits`]).

mod digits;
pub(crate) mod lanes;
mod montgomery;
mod vector;
