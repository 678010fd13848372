//! Turns two primes into a key: the last steps of FIPS 186-5 A.1.3 and A.1.1, in constant time.

use claviger_base::SecretBytes;

use crate::encoded::EncodedKey;
use crate::gcd::{gcd, inverse};
use crate::library::LibraryFailed;
use crate::library::key::{CheckedKey, KeyNumbers};
use crate::library::number::Number;
use crate::words::{Words, divide_exactly, inverse_of_65537, multiply, shift_left, shift_right, subtract, swap_if};

/// The numbers of a key that follow from its primes and e = 65537.
pub(crate) struct Derived {
    n: Words,
    d: Words,
    d_mod_p_minus_1: Words,
    d_mod_q_minus_1: Words,
    q_inverse_mod_p: Words,
}

/// Two primes, the larger first.
pub(crate) struct Primes {
    p: Words,
    q: Words,
}

impl Primes {
    /// `None` unless |p - q| > 2^(nlen/2 - 100) (A.1.3 step 5.4).
    pub(crate) fn new(mut p: Words, mut q: Words) -> Option<Self> {
        let (_, is_below) = subtract(&p, &q);
        swap_if(is_below, &mut p, &mut q);
        let (mut difference, _) = subtract(&p, &q);
        // Subtracting 1 turns "greater than" into "one of the top 100 bits is set". A difference of 0 would wrap around.
        let is_zero = difference.iter().fold(0, |seen, word| seen | word) == 0;
        for word in difference.iter_mut() {
            let (less, borrowed) = word.overflowing_sub(1);
            *word = less;
            if !borrowed {
                break;
            }
        }
        let top = difference.iter().rev().take(2).fold(0_u128, |top, word| top << 64 | u128::from(*word));
        (!is_zero && top >> 28 != 0).then_some(Self { p, q })
    }

    /// The numbers of the key. `None` if the primes are unsuitable: gcd(p - 1, e) or gcd(q - 1, e) is not 1, d is at most
    /// 2^(nlen/2), or gcd(p - 1, q - 1) or the power of 2 in p - 1 or q - 1 is 2^64 or more. The last case does not occur in
    /// practice.
    pub(crate) fn derive(&self) -> Option<Derived> {
        let Self { p, q } = self;
        let (p_minus_1, q_minus_1) = (minus_one(p), minus_one(q));
        let d = inverse_of_65537(&least_common_multiple(&p_minus_1, &q_minus_1)?)?;
        // d is odd, so it is above 2^(nlen/2) exactly if a bit from there up is set.
        if d.iter().skip(p.len()).fold(0, |seen, word| seen | word) == 0 {
            return None;
        }
        Some(Derived {
            n: multiply(p, q),
            d,
            d_mod_p_minus_1: inverse_of_65537(&p_minus_1)?,
            d_mod_q_minus_1: inverse_of_65537(&q_minus_1)?,
            q_inverse_mod_p: inverse(q, p)?,
        })
    }

    /// The key, which AWS-LC has checked with `RSA_check_key` and by making and verifying one signature. `None` if the primes
    /// are unsuitable.
    pub(crate) fn into_key(self, digest: &[u8; 32]) -> Result<Option<EncodedKey>, LibraryFailed> {
        let Some(derived) = self.derive() else { return Ok(None) };
        let number = |words: &Words| Number::from_words(words);
        let mut key = CheckedKey::new(&KeyNumbers {
            n: &number(&derived.n)?,
            d: &number(&derived.d)?,
            p: &number(&self.p)?,
            q: &number(&self.q)?,
            d_mod_p_minus_1: &number(&derived.d_mod_p_minus_1)?,
            d_mod_q_minus_1: &number(&derived.d_mod_q_minus_1)?,
            q_inverse_mod_p: &number(&derived.q_inverse_mod_p)?,
        })?;
        key.sign_and_verify(digest)?;
        let private_key: SecretBytes = key.pkcs8_der()?;
        Ok(Some(EncodedKey { public_key: key.spki_der()?, private_key }))
    }
}

/// An odd number minus one.
fn minus_one(odd: &Words) -> Words {
    let mut even = odd.clone();
    if let Some(lowest) = even.first_mut() {
        *lowest &= !1;
    }
    even
}

/// lcm of two even numbers: (a / gcd) * b, with powers of 2 handled separately because `gcd` needs one odd number.
fn least_common_multiple(a: &Words, b: &Words) -> Option<Words> {
    let (twos_a, twos_b) = (a.first()?.trailing_zeros(), b.first()?.trailing_zeros());
    if twos_a >= 64 || twos_b >= 64 {
        return None;
    }
    let odd_a = shift_right(a, twos_a);
    let divisor = gcd(&odd_a, b)?;
    if divisor.iter().skip(1).fold(0, |seen, word| seen | word) != 0 {
        return None;
    }
    let quotient = divide_exactly(&odd_a, *divisor.first()?);
    Some(multiply(&shift_left(&quotient, twos_a - twos_a.min(twos_b)), b))
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use num_integer::Integer;

    use super::*;
    use crate::plain::{number, words};
    use crate::words::zeros;

    fn wiped(number: &BigUint, len: usize) -> Words {
        let mut words_here = zeros(len);
        words_here.copy_from_slice(&words(number, len));
        words_here
    }

    fn primes(p: &BigUint, q: &BigUint, len: usize) -> Option<Primes> {
        Primes::new(wiped(p, len), wiped(q, len))
    }

    /// The numbers need not be prime for this.
    fn check(p: &BigUint, q: &BigUint, len: usize) {
        let derived = primes(p, q, len).unwrap().derive();
        let (p, q) = (p.max(q), p.min(q));
        let e = BigUint::from(65537_u32);
        let (p_minus_1, q_minus_1) = (p - 1_u8, q - 1_u8);
        let suits = |number: &BigUint| number % 65537_u32 != BigUint::ZERO;
        let expected = (suits(&p_minus_1) && suits(&q_minus_1) && p.gcd(q) == BigUint::from(1_u8)).then(|| {
            [
                p * q,
                e.modinv(&p_minus_1.lcm(&q_minus_1)).unwrap(),
                e.modinv(&p_minus_1).unwrap(),
                e.modinv(&q_minus_1).unwrap(),
                q.modinv(p).unwrap(),
            ]
        });
        let numbers = derived.map(|derived| {
            let Derived { n, d, d_mod_p_minus_1, d_mod_q_minus_1, q_inverse_mod_p } = derived;
            [n, d, d_mod_p_minus_1, d_mod_q_minus_1, q_inverse_mod_p].map(|words| number(&words))
        });
        assert_eq!(numbers, expected, "p {p}, q {q}");
    }

    fn candidate(random: &mut crate::draw::Random, len: usize) -> BigUint {
        let mut words = vec![0; len];
        while !random.candidate(&mut words).unwrap() {}
        number(&words)
    }

    #[test]
    fn the_numbers_agree_with_a_plain_implementation() {
        let mut random = crate::draw::Random::new();
        for len in [16, 24, 32] {
            for _ in 0..30 {
                let (p, q) = (candidate(&mut random, len), candidate(&mut random, len));
                check(&p, &q, len);
                // Many factors 2 in p - 1, and a common odd factor.
                let twos: BigUint = (&p >> 40_u32 << 40_u32) + 1_u8;
                check(&twos, &q, len);
                let factor = BigUint::from(3_u32 * 5 * 7 * 1_000_003) << 3_u32;
                let common = |number: &BigUint| number / &factor * &factor + 1_u8;
                check(&common(&p), &common(&q), len);
            }
        }
    }

    #[test]
    fn primes_too_close_together_are_refused() {
        for len in [16, 24, 32] {
            let q = (BigUint::from(1_u8) << (64 * len)) * 3_u8 / 4_u8 + 1_u8;
            let least: BigUint = BigUint::from(1_u8) << (64 * len - 100);
            for (distance, suits) in [
                (BigUint::ZERO, false),
                (BigUint::from(2_u8), false),
                (&least - 2_u8, false),
                (least.clone(), false),
                (&least + 2_u8, true),
            ] {
                assert_eq!(primes(&(&q + &distance), &q, len).is_some(), suits, "{distance}");
                assert_eq!(primes(&q, &(&q + &distance), len).is_some(), suits, "{distance}");
            }
        }
    }

    #[test]
    fn unsuitable_primes_are_refused() {
        let mut random = crate::draw::Random::new();
        let (p, q) = (candidate(&mut random, 16), candidate(&mut random, 16));
        let refused = |p: &BigUint, q: &BigUint| primes(p, q, 16).unwrap().derive().is_none();
        // p = 1 mod 65537: e has no inverse.
        let multiple: BigUint = &p / 131_074_u32 * 131_074_u32 + 1_u8;
        assert!(refused(&multiple, &q) && refused(&q, &multiple));
        // A d of at most 2^(nlen/2) cannot be constructed directly: p - 1 and q - 1 would need a common divisor above 2^64,
        // and that is refused first.
        let common = |number: &BigUint| ((number >> 80_u32) << 80_u32) + 1_u8;
        assert!(refused(&common(&p), &common(&q)));
        // q shares a factor with p.
        let third = |number: &BigUint| number / 6_u8 * 6_u8 + 3_u8;
        assert!(refused(&third(&p), &third(&q)));
    }

    #[test]
    fn the_library_refuses_a_key_of_composites() {
        let mut random = crate::draw::Random::new();
        for _ in 0..5 {
            let (p, q) = (candidate(&mut random, 16), candidate(&mut random, 16));
            let made = primes(&p, &q, 16).unwrap().into_key(&[7; 32]);
            assert!(!matches!(made, Ok(Some(_))), "a key was made from {p} and {q}");
        }
    }
}
