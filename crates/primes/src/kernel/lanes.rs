//! The filter: Euler's test to base 2 on eight candidates at once.
//!
//! For a prime M, 2^((M-1)/2) = +-1 mod M. The exponent used here is -(M-1)/2, which is equivalent and cheaper to start with:
//! the plain integer 2^t is the Montgomery form of 2^(t - log2 R), so the top bits of the exponent cost nothing and R mod M is
//! never needed. Every further exponent bit takes one squaring and a shift by 0 or 1. Bits become shift counts, so no branch
//! and no address depends on a candidate.
//!
//! The test can only reject: a lane that fails is composite. Numbers that pass are confirmed elsewhere.
#![allow(unsafe_code, reason = "calls code compiled for AVX-512 IFMA behind a token that proves the CPU has it")]
#![allow(clippy::indexing_slicing, reason = "lanes and blocks of fixed number")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask, _mm512_or_si512, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_srlv_epi64, _mm512_sub_epi64, _mm512_xor_si512,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Ifma;
use super::limbs;
use super::montgomery::{Moduli, Numbers, reduce, square};
use super::vector::{LIMB_MASK, Vector, load};

/// Candidates per test.
pub(crate) const LANES: usize = 8;

/// Eight candidates of `B` blocks of 260 bits, and the temporary numbers of their test.
pub(crate) struct Lanes<const B: usize> {
    cpu: Ifma,
    state: Box<State<B>>,
}

struct State<const B: usize> {
    moduli: Moduli<B>,
    power: Numbers<B>,
    other: Numbers<B>,
    quotient: Numbers<B>,
}

impl<const B: usize> Zeroize for State<B> {
    fn zeroize(&mut self) {
        let Self { moduli, power, other, quotient } = self;
        moduli.negated_inverse.zeroize();
        for numbers in [&mut moduli.value, power, other, quotient] {
            numbers.as_flattened_mut().iter_mut().zeroize();
        }
    }
}

impl<const B: usize> Drop for State<B> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const B: usize> ZeroizeOnDrop for State<B> {}

impl<const B: usize> Lanes<B> {
    /// Bits of a candidate: 1024, 1536, 2048 for 4, 6, 8 blocks.
    const BITS: usize = 256 * B;
    /// How many bits of the exponent the initial value 2^t covers: as many as keep it below R, which a test checks.
    const START_BITS: usize = if B == 8 { 11 } else { 10 };

    pub(crate) fn new(cpu: Ifma) -> Self {
        let zero = [[Vector::ZERO; 5]; B];
        let moduli = Moduli { value: zero, negated_inverse: Vector::ZERO };
        Self { cpu, state: Box::new(State { moduli, power: zero, other: zero, quotient: zero }) }
    }

    /// Loads a candidate into a lane: little-endian words, odd, top bit set.
    pub(crate) fn load(&mut self, lane: usize, words: &[u64]) {
        // 40 limbs hold the longest candidate. A shorter one ends in zeros, which are ignored.
        let mut limbs = [0; 40];
        limbs::write(words, &mut limbs);
        for (vector, limb) in self.state.moduli.value.as_flattened_mut().iter_mut().zip(&limbs) {
            vector.0[lane] = *limb;
        }
        self.state.moduli.negated_inverse.0[lane] = limbs::inverse(limbs[0]).wrapping_neg() & LIMB_MASK;
        limbs.zeroize();
        let top = words.last().copied().unwrap_or(0) >> (64 - Self::START_BITS);
        // 2^t with t = log2 R - 1 - top represents 2^(-1 - top), the top bits of the exponent -1 - (M >> 1).
        let t = (260 * B - 1) as u64 - top;
        for (index, vector) in self.state.power.as_flattened_mut().iter_mut().enumerate() {
            vector.0[lane] = u64::from(index as u64 == t / 52) << (t % 52);
        }
    }

    /// Bit i of the result is set if the candidate in lane i passes and may be prime. Wipes the lanes, which must be loaded
    /// again for the next test.
    pub(crate) fn test(&mut self) -> u8 {
        let Ifma(()) = self.cpu;
        // SAFETY: holding an `Ifma` proves AVX-512 F and IFMA, which is all the function needs.
        let verdicts = unsafe { self.state.test() };
        self.state.zeroize();
        verdicts
    }
}

impl<const B: usize> State<B> {
    /// Computes with the exponent E = -1 - (M >> 1) = -(M-1)/2 - 1, whose lower bits are the inverted bits of M >> 1. The last
    /// shift makes up for the missing factor 2.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn test(&mut self) -> u8 {
        let one = _mm512_set1_epi64(1);
        let Self { moduli, power, other, quotient } = self;
        let (mut power, mut other) = (power, other);
        for bit in (2..Lanes::<B>::BITS - Lanes::<B>::START_BITS).rev() {
            let shift = _mm512_xor_si512(bit_of(moduli, bit), one);
            square(other, power, moduli, quotient, shift);
            std::mem::swap(&mut power, &mut other);
        }
        let shift = _mm512_sub_epi64(_mm512_set1_epi64(2), bit_of(moduli, 1));
        square(other, power, moduli, quotient, shift);
        reduce(power, other, moduli, quotient);
        is_one_or_minus_one(power, &moduli.value)
    }
}

/// One bit of each modulus.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn bit_of<const B: usize>(moduli: &Moduli<B>, bit: usize) -> __m512i {
    let limb = load(&moduli.value.as_flattened()[bit / 52]);
    _mm512_and_si512(_mm512_srlv_epi64(limb, _mm512_set1_epi64((bit % 52) as i64)), _mm512_set1_epi64(1))
}

/// The lanes where `a` is 1 or M - 1. M is odd, so M - 1 differs from it only in the lowest limb.
#[target_feature(enable = "avx512f,avx512ifma")]
fn is_one_or_minus_one<const B: usize>(a: &Numbers<B>, modulus: &Numbers<B>) -> u8 {
    let zero = _mm512_setzero_si512();
    let one = _mm512_set1_epi64(1);
    let (mut from_one, mut from_minus_one) = (one, one);
    for (index, (a, m)) in a.as_flattened().iter().zip(modulus.as_flattened()).enumerate() {
        let (a, m) = (load(a), load(m));
        if index == 0 {
            from_one = _mm512_xor_si512(a, one);
            from_minus_one = _mm512_xor_si512(_mm512_add_epi64(a, one), m);
        } else {
            from_one = _mm512_or_si512(from_one, a);
            from_minus_one = _mm512_or_si512(from_minus_one, _mm512_xor_si512(a, m));
        }
    }
    _mm512_cmpeq_epi64_mask(from_one, zero) | _mm512_cmpeq_epi64_mask(from_minus_one, zero)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::candidates;
    use crate::plain::{number, passes_euler, words};

    fn check<const B: usize>(candidates: &[BigUint; 8]) {
        let Some(cpu) = Ifma::detect() else {
            println!("skipped: this CPU has no AVX-512 IFMA");
            return;
        };
        let mut lanes = Lanes::<B>::new(cpu);
        // Twice, to show that one test leaves nothing behind that affects the next.
        for _ in 0..2 {
            for (lane, candidate) in candidates.iter().enumerate() {
                lanes.load(lane, &words(candidate, 4 * B));
            }
            let verdicts = lanes.test();
            let State { moduli, power, other, quotient } = &*lanes.state;
            for numbers in [&moduli.value, power, other, quotient] {
                assert!(numbers.as_flattened().iter().all(|vector| *vector == Vector::ZERO), "not wiped");
            }
            for (lane, candidate) in candidates.iter().enumerate() {
                assert_eq!(verdicts >> lane & 1 == 1, passes_euler(candidate), "lane {lane}: {candidate}");
            }
        }
    }

    #[test]
    fn the_start_fits_below_r_for_every_top() {
        fn fits<const B: usize>() {
            let bits = Lanes::<B>::START_BITS;
            let (least, most) = (1_usize << (bits - 1), (1 << bits) - 1);
            // 2^t is at least 1 and, as the kernel requires, below 8 M.
            assert!(260 * B > most && 260 * B - 1 - least < 256 * B, "{B}");
        }
        fits::<4>();
        fits::<6>();
        fits::<8>();
    }

    #[test]
    fn primes_pseudoprimes_and_extremes_in_every_lane() {
        fn all<const B: usize>(bits: usize) {
            for group in candidates::groups(bits, 8) {
                check::<B>(group.as_slice().try_into().unwrap());
            }
        }
        all::<4>(1024);
        all::<6>(1536);
        all::<8>(2048);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]
        #[test]
        fn verdicts_agree_with_a_plain_implementation(all in proptest::collection::vec(any::<[u64; 32]>(), 8)) {
            let candidate = |lane: usize, len: usize| {
                let mut words = all[lane][..len].to_vec();
                words[0] |= 1;
                words[len - 1] |= 1 << 63;
                number(&words)
            };
            check::<4>(&std::array::from_fn(|lane| candidate(lane, 16)));
            check::<6>(&std::array::from_fn(|lane| candidate(lane, 24)));
            check::<8>(&std::array::from_fn(|lane| candidate(lane, 32)));
        }
    }
}
