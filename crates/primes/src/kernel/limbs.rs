//! Numbers in limbs of 52 bits, the width the IFMA instructions multiply.

use super::vector::LIMB_MASK;

/// Writes the lowest `N` limbs of the number with the little-endian `words` into `limbs`. The caller wipes them; a return value
/// would leave copies on the stack.
pub(super) fn write<const N: usize>(words: &[u64], limbs: &mut [u64; N]) {
    let word = |index: usize| words.get(index).copied().unwrap_or(0);
    for (place, limb) in limbs.iter_mut().enumerate() {
        let (index, offset) = (52 * place / 64, 52 * place % 64);
        let low = word(index) >> offset;
        let high = if offset > 12 { word(index + 1) << (64 - offset) } else { 0 };
        *limb = (low | high) & LIMB_MASK;
    }
}

/// The inverse of an odd number modulo 2^52, by Newton's iteration (each step doubles the number of correct bits).
pub(super) const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd.wrapping_mul(3) ^ 2; // correct in 5 bits
    let mut step = 0;
    while step < 4 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse & LIMB_MASK
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn limbs_are_the_number(words in proptest::collection::vec(any::<u64>(), 32)) {
            let number: BigUint = words.iter().rev().fold(BigUint::ZERO, |sum, word| (sum << 64_u32) + *word);
            let mut limbs = [0; 40];
            write(&words, &mut limbs);
            let again = limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 52_u32) + *limb);
            prop_assert_eq!(number, again);
            prop_assert!(limbs.iter().all(|limb| *limb <= LIMB_MASK));
        }

        #[test]
        fn the_inverse_is_one(odd in any::<u64>()) {
            let odd = odd | 1;
            prop_assert_eq!(odd.wrapping_mul(inverse(odd)) & LIMB_MASK, 1);
        }
    }
}
