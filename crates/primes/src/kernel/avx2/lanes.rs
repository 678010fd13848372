//! The filter: Euler's test to base 2 on four candidates at once.
//!
//! As in `kernel/lanes.rs`, the test is 2^(-(M-1)/2) = +-1 mod M, and the initial value 2^t covers the exponent's top bits.
//! Here the exponent bits are not folded into every squaring: after three squarings, the number is shifted by three bits of
//! the exponent at once. Each lane has its own shift count, so no branch and no address depends on a candidate.
//!
//! The test can only reject: a lane that fails is composite. Numbers that pass are confirmed elsewhere.
#![allow(unsafe_code, reason = "calls code compiled for AVX2 behind a token that proves the CPU has it")]
#![allow(clippy::indexing_slicing, reason = "lanes and blocks of fixed number")]

use std::arch::x86_64::{
    __m256i, _mm_cvtsi64_si128, _mm256_add_epi64, _mm256_and_si256, _mm256_andnot_si256, _mm256_castsi256_pd,
    _mm256_cmpeq_epi64, _mm256_movemask_pd, _mm256_or_si256, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_sll_epi64, _mm256_srl_epi64,
};

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::super::Avx2;
use super::digits;
use super::montgomery::{Moduli, Numbers, reduce, shift_left, square};
use super::vector::{Vector, load};

/// Candidates per test.
pub(crate) const LANES: usize = 4;
/// Words of the longest candidate.
const WORDS_MAX: usize = 32;
/// Digits of the longest candidate.
const DIGITS_MAX: usize = 72;

/// Four candidates of `B` blocks of 116 bits, and the temporary numbers of their test.
pub(crate) struct Lanes<const B: usize> {
    cpu: Avx2,
    state: Box<State<B>>,
}

struct State<const B: usize> {
    /// The candidates as loaded, for the bits of the exponent.
    words: [Vector; WORDS_MAX],
    moduli: Moduli<B>,
    power: Numbers<B>,
    other: Numbers<B>,
    quotient: Numbers<B>,
}

impl<const B: usize> Zeroize for State<B> {
    fn zeroize(&mut self) {
        let Self { words, moduli, power, other, quotient } = self;
        words.zeroize();
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
    /// Bits of a candidate: 1024, 1536, 2048 for 9, 14, 18 blocks.
    const BITS: usize = 116 * B / 512 * 512;
    /// How many bits of the exponent the initial value 2^t covers, so that it is from 1 to M / 2 and a multiple of 3 bits
    /// remain, which a test checks.
    const START_BITS: usize = match Self::BITS {
        1024 => 9,
        1536 => 8,
        _ => 10,
    };

    pub(crate) fn new(cpu: Avx2) -> Self {
        let zero = [[Vector::ZERO; 4]; B];
        let moduli = Moduli { value: zero, negated_inverse: Vector::ZERO };
        let words = [Vector::ZERO; WORDS_MAX];
        Self { cpu, state: Box::new(State { words, moduli, power: zero, other: zero, quotient: zero }) }
    }

    /// Loads a candidate into a lane: little-endian words, odd, top bit set.
    pub(crate) fn load(&mut self, lane: usize, words: &[u64]) {
        for (vector, word) in self.state.words.iter_mut().zip(words) {
            vector.0[lane] = *word;
        }
        // A shorter candidate ends in zeros, which are ignored.
        let mut digits = [0; DIGITS_MAX];
        digits::write(words, &mut digits);
        for (vector, digit) in self.state.moduli.value.as_flattened_mut().iter_mut().zip(&digits) {
            vector.0[lane] = *digit;
        }
        digits.zeroize();
        self.state.moduli.negated_inverse.0[lane] = digits::negated_inverse(words.first().copied().unwrap_or(1));
        let top = words.last().copied().unwrap_or(0) >> (64 - Self::START_BITS);
        // 2^t with t = log2 R - 1 - top represents 2^(-1 - top), the top bits of the exponent -1 - (M >> 1).
        let t = (116 * B - 1) as u64 - top;
        for (index, vector) in self.state.power.as_flattened_mut().iter_mut().enumerate() {
            vector.0[lane] = u64::from(index as u64 == t / 29) << (t % 29);
        }
    }

    /// Bit i of the result is set if the candidate in lane i passes and may be prime. Wipes the lanes, which must be loaded
    /// again for the next test.
    pub(crate) fn test(&mut self) -> u8 {
        let Avx2(()) = self.cpu;
        // SAFETY: holding an `Avx2` proves AVX2, which is all the function needs.
        let verdicts = unsafe { self.state.test() };
        self.state.zeroize();
        verdicts
    }
}

impl<const B: usize> State<B> {
    /// Computes with the exponent E = -1 - (M >> 1) = -(M-1)/2 - 1, whose lower bits are the inverted bits of M >> 1. The last
    /// shift makes up for the missing factor 2.
    #[target_feature(enable = "avx2")]
    fn test(&mut self) -> u8 {
        let Self { words, moduli, power, other, quotient } = self;
        let (mut power, mut other) = (power, other);
        let seven = _mm256_set1_epi64x(7);
        for bit in (1..=Lanes::<B>::BITS - Lanes::<B>::START_BITS - 3).rev().step_by(3) {
            square(other, power, moduli, quotient);
            square(power, other, moduli, quotient);
            square(other, power, moduli, quotient);
            std::mem::swap(&mut power, &mut other);
            let mut shift = _mm256_andnot_si256(bits_from(words, bit), seven);
            if bit == 1 {
                shift = _mm256_add_epi64(shift, _mm256_set1_epi64x(1));
            }
            shift_left(power, shift);
        }
        reduce(other, power, moduli, quotient);
        is_one_or_minus_one(other)
    }
}

/// The 64 bits of each number from `bit` up.
#[inline]
#[target_feature(enable = "avx2")]
fn bits_from(words: &[Vector; WORDS_MAX], bit: usize) -> __m256i {
    let offset = (bit % 64) as i64;
    let low = _mm256_srl_epi64(load(&words[bit / 64]), _mm_cvtsi64_si128(offset));
    let next = words.get(bit / 64 + 1).map_or(_mm256_setzero_si256(), |word| load(word));
    // A count of 64 gives 0.
    _mm256_or_si256(low, _mm256_sll_epi64(next, _mm_cvtsi64_si128(64 - offset)))
}

/// The lanes where `a` is 1 or -1. The size of `a` must be below M - 1, so that each residue has one representation.
#[target_feature(enable = "avx2")]
fn is_one_or_minus_one<const B: usize>(a: &Numbers<B>) -> u8 {
    let [lowest, rest @ ..] = a.as_flattened() else { return 0 };
    let is = |digit: i64| _mm256_cmpeq_epi64(load(lowest), _mm256_set1_epi64x(digit));
    let rest = rest.iter().fold(_mm256_setzero_si256(), |all, digit| _mm256_or_si256(all, load(digit)));
    let is_rest_zero = _mm256_cmpeq_epi64(rest, _mm256_setzero_si256());
    let is_either = _mm256_and_si256(is_rest_zero, _mm256_or_si256(is(1), is(-1)));
    _mm256_movemask_pd(_mm256_castsi256_pd(is_either)) as u8
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::candidates;
    use crate::plain::{number, passes_euler, words};

    fn check<const B: usize>(candidates: &[BigUint; 4]) {
        let Some(cpu) = Avx2::detect() else {
            println!("skipped: this CPU has no AVX2");
            return;
        };
        let mut lanes = Lanes::<B>::new(cpu);
        // Twice, to show that one test leaves nothing behind that affects the next.
        for _ in 0..2 {
            for (lane, candidate) in candidates.iter().enumerate() {
                lanes.load(lane, &words(candidate, Lanes::<B>::BITS / 64));
            }
            let verdicts = lanes.test();
            let State { words, moduli, power, other, quotient } = &*lanes.state;
            assert!(words.iter().all(|vector| *vector == Vector::ZERO), "not wiped");
            assert_eq!(moduli.negated_inverse, Vector::ZERO, "not wiped");
            for numbers in [&moduli.value, power, other, quotient] {
                assert!(numbers.as_flattened().iter().all(|vector| *vector == Vector::ZERO), "not wiped");
            }
            for (lane, candidate) in candidates.iter().enumerate() {
                assert_eq!(verdicts >> lane & 1 == 1, passes_euler(candidate), "lane {lane}: {candidate}");
            }
            assert_eq!(verdicts >> 4, 0);
        }
    }

    #[test]
    fn the_start_is_below_half_the_modulus_for_every_top() {
        fn fits<const B: usize>(bits: usize) {
            assert_eq!(Lanes::<B>::BITS, bits);
            let start = Lanes::<B>::START_BITS;
            let (least, most) = (1_usize << (start - 1), (1 << start) - 1);
            assert!(116 * B > most && 116 * B - 1 - least < bits - 1, "{B}");
            // The bits that the initial value covers, groups of three, and the lowest bit, which is not part of the exponent.
            assert!((bits - start - 1).is_multiple_of(3), "{B}");
        }
        fits::<9>(1024);
        fits::<14>(1536);
        fits::<18>(2048);
    }

    #[test]
    fn primes_pseudoprimes_and_extremes_in_every_lane() {
        fn all<const B: usize>(bits: usize) {
            for group in candidates::groups(bits, 4) {
                check::<B>(group.as_slice().try_into().unwrap());
            }
        }
        all::<9>(1024);
        all::<14>(1536);
        all::<18>(2048);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]
        #[test]
        fn verdicts_agree_with_a_plain_implementation(all in proptest::collection::vec(any::<[u64; 32]>(), 4)) {
            let candidate = |lane: usize, len: usize| {
                let mut words = all[lane][..len].to_vec();
                words[0] |= 1;
                words[len - 1] |= 1 << 63;
                number(&words)
            };
            check::<9>(&std::array::from_fn(|lane| candidate(lane, 16)));
            check::<14>(&std::array::from_fn(|lane| candidate(lane, 24)));
            check::<18>(&std::array::from_fn(|lane| candidate(lane, 32)));
        }
    }
}
