//! For tests: between the words of this crate and the numbers of an independent big-integer library.

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
