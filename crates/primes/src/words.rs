//! Arithmetic on little-endian words of 64 bits, in time that depends only on the lengths: enough to derive the numbers of
//! a key from two primes without any variable-time division.

use zeroize::Zeroizing;

/// A secret number, wiped when dropped. Its length is not secret.
pub(crate) type Words = Zeroizing<Vec<u64>>;

pub(crate) fn zeros(len: usize) -> Words {
    Zeroizing::new(vec![0; len])
}

/// `a - b` modulo 2^(64 * len), and whether it borrowed, that is, whether `a < b`.
pub(crate) fn subtract(a: &[u64], b: &[u64]) -> (Words, bool) {
    let mut difference = zeros(a.len());
    let mut borrow = 0;
    for ((out, a), b) in difference.iter_mut().zip(a).zip(b) {
        let wide = u128::from(*a).wrapping_sub(u128::from(*b)).wrapping_sub(borrow);
        *out = wide as u64;
        borrow = (wide >> 64) & 1;
    }
    (difference, borrow == 1)
}

/// Swaps `a` and `b`, which are equally long, if `swap` is set. The time does not depend on `swap`.
pub(crate) fn swap_if(swap: bool, a: &mut [u64], b: &mut [u64]) {
    let mask = std::hint::black_box(u64::from(swap)).wrapping_neg();
    for (a, b) in a.iter_mut().zip(b) {
        let difference = (*a ^ *b) & mask;
        *a ^= difference;
        *b ^= difference;
    }
}

/// `a * b`, as long as both operands together.
pub(crate) fn multiply(a: &[u64], b: &[u64]) -> Words {
    let mut product = zeros(a.len() + b.len());
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0_u64;
        let row = product.iter_mut().skip(i);
        for (out, b) in row.zip(b.iter().chain(std::iter::once(&0))) {
            let wide = u128::from(*out) + u128::from(*a) * u128::from(*b) + u128::from(carry);
            *out = wide as u64;
            carry = (wide >> 64) as u64;
        }
    }
    product
}

/// `a / 2^bits` for `bits` below 64.
pub(crate) fn shift_right(a: &[u64], bits: u32) -> Words {
    let mut shifted = zeros(a.len());
    for (index, out) in shifted.iter_mut().enumerate() {
        let word = |index: usize| u128::from(a.get(index).copied().unwrap_or(0));
        *out = ((word(index) | word(index + 1) << 64) >> bits) as u64;
    }
    shifted
}

/// `a * 2^bits` for `bits` below 64, truncated to the length of `a`.
pub(crate) fn shift_left(a: &[u64], bits: u32) -> Words {
    let mut shifted = zeros(a.len());
    let mut below = 0;
    for (out, word) in shifted.iter_mut().zip(a) {
        *out = (((u128::from(*word) << 64 | u128::from(below)) << bits) >> 64) as u64;
        below = *word;
    }
    shifted
}

/// The inverse of an odd number modulo 2^64.
pub(crate) fn inverse_of_odd(odd: u64) -> u64 {
    let mut inverse = odd.wrapping_mul(3) ^ 2; // right in 5 bits; each step doubles them
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse
}

/// `a / divisor` for an odd divisor that divides `a`. Works from the lowest word up, since each word of the quotient is unique
/// modulo 2^64.
pub(crate) fn divide_exactly(a: &[u64], divisor: u64) -> Words {
    let inverse = inverse_of_odd(divisor);
    let mut quotient = zeros(a.len());
    let mut borrow = 0_u64;
    for (out, word) in quotient.iter_mut().zip(a) {
        let (rest, borrowed) = word.overflowing_sub(borrow);
        *out = rest.wrapping_mul(inverse);
        borrow = ((u128::from(*out) * u128::from(divisor)) >> 64) as u64 + u64::from(borrowed);
    }
    quotient
}

/// The remainder modulo 65537 in constant time. As 2^16 = -1 modulo 65537, the digits of 16 bits are added with alternating
/// signs.
pub(crate) fn remainder_65537(words: &[u64]) -> u64 {
    let digit = |word: u64, shift: u32| i64::from((word >> shift) as u16);
    let sum: i64 =
        words.iter().map(|word| digit(*word, 0) - digit(*word, 16) + digit(*word, 32) - digit(*word, 48)).sum();
    sum.rem_euclid(65537).cast_unsigned()
}

/// The inverse of e = 65537 modulo `modulus`, if there is one. As e is prime, this needs no inversion of long numbers: with
/// k = -modulus^-1 mod e, the inverse is (k * modulus + 1) / e, which divides exactly.
pub(crate) fn inverse_of_65537(modulus: &[u64]) -> Option<Words> {
    const E: u64 = 65537;
    let remainder = remainder_65537(modulus);
    if remainder == 0 {
        return None;
    }
    // remainder^(E - 2), where E - 2 = 2^16 - 1 has sixteen bits set.
    let power = (0..16).fold(1, |power, _bit| power * power % E * remainder % E);
    let mut multiple = multiply(modulus, &[E - power]);
    let mut carry = 1;
    for word in multiple.iter_mut() {
        let (sum, over) = word.overflowing_add(carry);
        *word = sum;
        carry = u64::from(over);
    }
    let mut inverse = divide_exactly(&multiple, E);
    inverse.truncate(modulus.len());
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use num_integer::Integer;
    use proptest::prelude::*;

    use super::*;
    use crate::plain::{number, words};

    /// Random words with many extreme values among them, so that carries propagate far.
    fn long(len: usize) -> impl Strategy<Value = Vec<u64>> {
        let word = prop_oneof![3 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => Just(1)];
        proptest::collection::vec(word, len)
    }

    proptest! {
        #[test]
        fn sums_and_products_agree_with_a_plain_implementation(a in long(24), b in long(24), bits in 0_u32..64) {
            let (x, y) = (number(&a), number(&b));
            let full = BigUint::from(1_u8) << (64 * 24_u32);
            let (difference, borrowed) = subtract(&a, &b);
            prop_assert_eq!(number(&difference), (&x + &full - &y) % &full);
            prop_assert_eq!(borrowed, x < y);
            prop_assert_eq!(number(&multiply(&a, &b)), &x * &y);
            prop_assert_eq!(number(&multiply(&a, &b[..3])), &x * number(&b[..3]));
            prop_assert_eq!(number(&shift_right(&a, bits)), &x >> bits);
            prop_assert_eq!(number(&shift_left(&a, bits)), (&x << bits) % &full);
        }

        #[test]
        fn exact_division_undoes_multiplication(a in long(16), divisor in any::<u64>()) {
            let divisor = divisor | 1;
            let product = multiply(&a, &[divisor]);
            prop_assert_eq!(number(&divide_exactly(&product, divisor)), number(&a));
        }

        #[test]
        fn swapping_swaps_or_not(a in long(4), b in long(4)) {
            let (mut x, mut y) = (a.clone(), b.clone());
            swap_if(false, &mut x, &mut y);
            prop_assert_eq!((&x, &y), (&a, &b));
            swap_if(true, &mut x, &mut y);
            prop_assert_eq!((&x, &y), (&b, &a));
        }

        #[test]
        fn the_inverse_of_the_exponent_is_one(modulus in long(32)) {
            let value = number(&modulus);
            let expected = BigUint::from(65537_u32).modinv(&value);
            if value > BigUint::from(65537_u32) {
                let inverse = inverse_of_65537(&modulus).map(|inverse| number(&inverse));
                prop_assert_eq!(inverse, expected);
            }
        }
    }

    #[test]
    fn no_inverse_of_the_exponent_modulo_its_multiples() {
        let multiple = (BigUint::from(65537_u32) << 900_u32) * 77_u32;
        assert!(multiple.is_multiple_of(&BigUint::from(65537_u32)));
        assert_eq!(inverse_of_65537(&words(&multiple, 16)), None);
    }
}
