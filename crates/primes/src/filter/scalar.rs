//! One candidate at a time with AWS-LC's Montgomery squaring: the filter for CPUs without vector kernels.
//!
//! An exponentiation of 2 consists almost entirely of squarings. As in the IFMA kernel, the initial value 2^t represents
//! 2^(t - log2 R). Each further step processes six exponent bits: six squarings, then x becomes x 2^s / 2^64, one word of
//! Montgomery reduction, which adds s - 64 to the exponent. These exponent digits range from -64 to -1. The exponent is -h
//! with h = (w-1)/2 for the candidate w, and subtracting 1 from h in each digit place gives its digits in this form. This is
//! a quarter faster than the library's exponentiation, because it needs no multiplications by powers of the base.

use super::Filter;
use crate::library::LibraryFailed;
use crate::library::number::{Modulus, Number, Scratch};
use crate::words::{Words, inverse_of_odd, shift_right, subtract, zeros};

/// Bits of a digit.
const DIGIT: usize = 6;
/// The initial value covers at most this many bits of h, so that they stay below log2 R for the shortest candidate.
const START_MAX: usize = 10;

/// Runs Euler's test on one candidate. Has no state.
pub(crate) struct ScalarFilter;

impl Filter for ScalarFilter {
    fn batch_size(&self) -> usize {
        1
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        let [words] = candidates else { return Err(LibraryFailed) };
        let mut scratch = Scratch::new()?;
        let modulus = Modulus::for_squaring(words)?;
        let power = power(words, &modulus, &mut scratch)?;
        let mut minus_one = words.clone();
        if let Some(lowest) = minus_one.first_mut() {
            *lowest &= !1;
        }
        let (one, minus_one) = (Number::from_words(&[1])?, Number::from_words(&minus_one)?);
        Ok(u8::from(power.equals(&one) | power.equals(&minus_one)))
    }
}

/// 2^(-(w-1)/2) mod w for the candidate w.
fn power(words: &Words, modulus: &Modulus, scratch: &mut Scratch) -> Result<Number, LibraryFailed> {
    let bits = 64 * words.len();
    let digits = (bits - 1).saturating_sub(START_MAX).div_ceil(DIGIT);
    // h, less 1 in every digit that the initial value does not cover.
    let mut ones = zeros(words.len());
    for bit in (0..digits).map(|digit| DIGIT * digit) {
        if let Some(word) = ones.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }
    let (exponent, _) = subtract(&shift_right(words, 1), &ones);
    let start = bits as u64 - bits_at(&exponent, DIGIT * digits);
    let mut power = zeros(words.len());
    for (index, word) in power.iter_mut().enumerate() {
        *word = u64::from(index as u64 == start / 64) << (start % 64);
    }
    let mut power = Number::from_words(&power)?;
    let negated_inverse = inverse_of_odd(words.first().copied().unwrap_or(1)).wrapping_neg();
    for digit in (0..digits).rev() {
        for _ in 0..DIGIT {
            modulus.square(&mut power, scratch)?;
        }
        let shift = 63 - (bits_at(&exponent, DIGIT * digit) & 63);
        shift_down(power.words_mut(), shift, words, negated_inverse);
    }
    modulus.out_of_montgomery(&power, scratch)
}

/// The 64 bits of a number from `bit` up.
fn bits_at(number: &[u64], bit: usize) -> u64 {
    let word = |index: usize| u128::from(number.get(index).copied().unwrap_or(0));
    ((word(bit / 64) | word(bit / 64 + 1) << 64) >> (bit % 64)) as u64
}

/// `x * 2^shift / 2^64` modulo the modulus, in place and fully reduced. `shift` is below 64; the time does not depend on it.
fn shift_down(x: &mut [u64], shift: u64, modulus: &[u64], negated_inverse: u64) {
    let lowest = x.first().copied().unwrap_or(0) << shift;
    let digit = lowest.wrapping_mul(negated_inverse);
    let (mut below, mut carry) = (0_u64, 0_u64);
    for index in 0..x.len() {
        let word = x.get(index).copied().unwrap_or(0);
        let shifted = (((u128::from(word) << 64 | u128::from(below)) << shift) >> 64) as u64;
        below = word;
        let factor = modulus.get(index).copied().unwrap_or(0);
        let wide = u128::from(shifted) + u128::from(digit) * u128::from(factor) + u128::from(carry);
        carry = (wide >> 64) as u64;
        if let Some(out) = index.checked_sub(1).and_then(|index| x.get_mut(index)) {
            *out = wide as u64;
        }
    }
    let over = ((u128::from(below) << shift) >> 64) + u128::from(carry);
    if let Some(highest) = x.last_mut() {
        *highest = over as u64;
    }
    // Subtract the modulus unless it exceeds the number.
    let mut borrow = 0;
    for (word, factor) in x.iter().zip(modulus) {
        borrow = (u128::from(*word).wrapping_sub(u128::from(*factor)).wrapping_sub(borrow) >> 64) & 1;
    }
    let is_less = borrow == 1 && over >> 64 == 0;
    let mask = std::hint::black_box(u64::from(is_less)).wrapping_sub(1);
    let mut borrow = 0;
    for (word, factor) in x.iter_mut().zip(modulus) {
        let wide = u128::from(*word).wrapping_sub(u128::from(*factor & mask)).wrapping_sub(borrow);
        *word = wide as u64;
        borrow = (wide >> 64) & 1;
    }
}
