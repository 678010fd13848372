//! For tests: converts between this crate's words and the numbers of an independent big-integer library.

use num_bigint::BigUint;

pub(crate) fn number(words: &[u64]) -> BigUint {
    words.iter().rev().fold(BigUint::ZERO, |sum, word| (sum << 64_u32) + *word)
}

pub(crate) fn words(number: &BigUint, len: usize) -> Vec<u64> {
    let mut words = number.to_u64_digits();
    assert!(words.len() <= len, "{number} has more than {len} words");
    words.resize(len, 0);
    words
}

/// Euler's test to base 2, which every filter runs: whether 2^((w-1)/2) = +-1 mod w.
pub(crate) fn passes_euler(w: &BigUint) -> bool {
    let power = BigUint::from(2_u8).modpow(&(w >> 1_u32), w);
    power == BigUint::from(1_u8) || power == w - 1_u8
}
