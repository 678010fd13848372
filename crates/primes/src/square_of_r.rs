//! R^2 mod m for R = 2^(64 len), which Montgomery arithmetic starts from. This is an order of magnitude faster than the
//! library's computation, because the top bit of m is known to be set. Only for filters, whose errors cost nothing but
//! time.

use crate::library::LibraryFailed;
use crate::library::number::{Modulus, Number, Scratch};
use crate::words::{Words, subtract, zeros};

/// Squarings from 2^(2 len) to 2^(64 len) = R. One more would save half of the doublings but take as long as they do.
const SQUARINGS: usize = 5;

/// Takes constant time. `words` must be odd with its top bit set, and `modulus` must be made from it.
pub(crate) fn square_of_r(words: &[u64], modulus: &Modulus, scratch: &mut Scratch) -> Result<Words, LibraryFailed> {
    let len = words.len();
    // R mod m = R - m, because m is more than half of R.
    let (mut x, _) = subtract(&zeros(len), words);
    for _ in 0..2 * len {
        double(&mut x, words);
    }
    // x is 2^(2 len) in Montgomery form.
    let mut power = Number::from_words(&x)?;
    for _ in 0..SQUARINGS {
        modulus.square(&mut power, scratch)?;
    }
    x.copy_from_slice(power.words_mut().get(..len).ok_or(LibraryFailed)?);
    Ok(x)
}

/// `x = 2 x mod m`.
fn double(x: &mut [u64], modulus: &[u64]) {
    let (mut carry, mut borrow) = (0, 0);
    for (word, modulus) in x.iter_mut().zip(modulus) {
        let doubled = *word << 1 | carry;
        carry = *word >> 63;
        *word = doubled;
        borrow = (u128::from(doubled).wrapping_sub(u128::from(*modulus)).wrapping_sub(borrow) >> 64) & 1;
    }
    let is_less = carry == 0 && borrow == 1;
    let mask = std::hint::black_box(u64::from(is_less)).wrapping_sub(1);
    let mut borrow = 0;
    for (word, modulus) in x.iter_mut().zip(modulus) {
        let wide = u128::from(*word).wrapping_sub(u128::from(*modulus & mask)).wrapping_sub(borrow);
        *word = wide as u64;
        borrow = (wide >> 64) & 1;
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;
    use crate::plain::{number, words};

    fn check(modulus: &[u64]) {
        let expected = (BigUint::from(1_u8) << (128 * modulus.len())) % number(modulus);
        let mut scratch = Scratch::new().unwrap();
        let prepared = Modulus::for_squaring(modulus).unwrap();
        let square = square_of_r(modulus, &prepared, &mut scratch).unwrap();
        assert_eq!(number(&square), expected, "{}", number(modulus));
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
