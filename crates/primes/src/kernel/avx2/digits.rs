//! Numbers in signed digits of 29 bits, from -2^28 to 2^28, in two's complement of 64 bits.

/// Bits of a digit.
pub(super) const BITS: usize = 29;
/// The low 29 bits.
pub(super) const MASK: u64 = (1 << BITS) - 1;
/// Added before a digit is cut out and subtracted afterwards, so that digits range from -2^28 to 2^28 - 1.
pub(super) const HALF: u64 = 1 << (BITS - 1);

/// Writes the digits of the number with the little-endian `words`, which must be below 2^(29 N - 1), into `digits`. The caller
/// wipes them; a return value would leave copies on the stack.
pub(super) fn write<const N: usize>(words: &[u64], digits: &mut [u64; N]) {
    let word = |index: usize| words.get(index).copied().unwrap_or(0);
    let mut carry = 0;
    for (place, digit) in digits.iter_mut().enumerate() {
        let (index, offset) = (BITS * place / 64, BITS * place % 64);
        let low = word(index) >> offset;
        let high = if offset > 64 - BITS { word(index + 1) << (64 - offset) } else { 0 };
        let raised = ((low | high) & MASK) + carry + HALF;
        carry = raised >> BITS;
        *digit = (raised & MASK).wrapping_sub(HALF);
    }
}

/// -1 / `odd` modulo 2^29, times 8. The wanted digit is then in the upper 29 bits of the low half of a product with this
/// number, where an arithmetic shift makes it a signed digit.
pub(super) const fn negated_inverse(odd: u64) -> u64 {
    let mut inverse = odd.wrapping_mul(3) ^ 2; // correct in 5 bits, and in twice as many after each step
    let mut step = 0;
    while step < 3 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse.wrapping_neg().wrapping_mul(8) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::*;
    use crate::plain::number;

    fn check(words: &[u64]) {
        let mut digits = [0; 72];
        write(words, &mut digits);
        let digits = digits.map(u64::cast_signed);
        assert!(digits.iter().all(|digit| (-1 << 28..1 << 28).contains(digit)), "{words:?}");
        let again = digits.iter().rev().fold(BigInt::ZERO, |sum, digit| (sum << 29_u32) + *digit);
        assert_eq!(again, BigInt::from(number(words)));
    }

    #[test]
    fn digits_at_the_edges_are_the_number() {
        check(&[u64::MAX; 32]);
        check(&[0; 32]);
        check(&[0x8000_0000_0000_0000; 32]);
        // 2^28 and 2^28 - 1 in every digit.
        for digit in [1_u64 << 28, (1 << 28) - 1] {
            let all = (0..70).fold(num_bigint::BigUint::ZERO, |sum, _| (sum << 29_u32) + digit);
            check(&crate::plain::words(&all, 32));
        }
    }

    proptest! {
        #[test]
        fn digits_are_the_number(words in proptest::collection::vec(any::<u64>(), 32)) {
            check(&words);
        }

        #[test]
        fn the_negated_inverse_cancels(odd in any::<u64>()) {
            let odd = odd | 1;
            let eightfold = negated_inverse(odd);
            prop_assert_eq!(eightfold % 8, 0);
            prop_assert_eq!((eightfold / 8).wrapping_mul(odd).wrapping_add(1) & MASK, 0);
        }
    }
}
