//! R^2 mod m for R = 2^(64 len), which Montgomery arithmetic starts from: here an order of magnitude faster than the
//! library makes it, since the top bit of m is known to be set. For filters alone, whose errors cost nothing but
//! time.

use crate::small_primes::inverse;
use crate::words::{Words, multiply, subtract, zeros};

/// In constant time. `modulus` must be odd with its top bit set.
pub(crate) fn square_of_r(modulus: &[u64]) -> Words {
    let len = modulus.len();
    // R mod m = R - m, as m is more than half of R.
    let (mut x, _) = subtract(&zeros(len), modulus);
    for _ in 0..len {
        x = doubled(&x, modulus);
    }
    // x is 2^len in Montgomery form; six squarings make it 2^(64 len) = R.
    let negated_inverse = inverse(modulus.first().copied().unwrap_or(1)).wrapping_neg();
    for _ in 0..6 {
        x = reduced(&multiply(&x, &x), modulus, negated_inverse);
    }
    x
}

fn doubled(x: &[u64], modulus: &[u64]) -> Words {
    let mut double = zeros(x.len());
    let mut carry = 0;
    for (out, word) in double.iter_mut().zip(x) {
        *out = word << 1 | carry;
        carry = word >> 63;
    }
    reduced_once(&double, carry, modulus)
}

/// `low + carry * R` less the modulus, if it is not below it.
fn reduced_once(low: &[u64], carry: u64, modulus: &[u64]) -> Words {
    let (mut less, borrowed) = subtract(low, modulus);
    let keep = std::hint::black_box(u64::from(borrowed) & (carry ^ 1)).wrapping_neg();
    for (less, low) in less.iter_mut().zip(low) {
        *less = (low & keep) | (*less & !keep);
    }
    less
}

/// `product / R mod m`.
fn reduced(product: &[u64], modulus: &[u64], negated_inverse: u64) -> Words {
    let mut sum = zeros(product.len());
    sum.copy_from_slice(product);
    let mut over = 0_u64;
    for at in 0..modulus.len() {
        let digit = sum.get(at).copied().unwrap_or(0).wrapping_mul(negated_inverse);
        let mut carry = 0_u64;
        for (out, word) in sum.iter_mut().skip(at).zip(modulus) {
            let wide = u128::from(*out) + u128::from(digit) * u128::from(*word) + u128::from(carry);
            *out = wide as u64;
            carry = (wide >> 64) as u64;
        }
        // What the row leaves goes into the next word, and the bit beyond it into the one after: at most 1.
        if let Some(next) = sum.get_mut(at + modulus.len()) {
            let wide = u128::from(*next) + u128::from(carry) + u128::from(over);
            *next = wide as u64;
            over = (wide >> 64) as u64;
        }
    }
    let mut high = zeros(modulus.len());
    high.copy_from_slice(sum.get(modulus.len()..).unwrap_or_default());
    reduced_once(&high, over, modulus)
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;
    use crate::plain::{number, words};

    fn check(modulus: &[u64]) {
        let expected = (BigUint::from(1_u8) << (128 * modulus.len())) % number(modulus);
        assert_eq!(number(&square_of_r(modulus)), expected, "{}", number(modulus));
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_implementation(words in any::<[u64; 32]>(), len in 1_usize..=32) {
            let mut modulus = words[..len].to_vec();
            modulus[0] |= 1;
            modulus[len - 1] |= 1 << 63;
            check(&modulus);
        }
    }

    #[test]
    fn agrees_at_the_edges() {
        for len in [1, 16, 24, 32] {
            let one = BigUint::from(1_u8);
            check(&vec![u64::MAX; len]);
            check(&words(&((&one << (64 * len - 1)) + 1_u8), len));
            check(&words(&((&one << (64 * len)) - 3_u8), len));
        }
    }
}
