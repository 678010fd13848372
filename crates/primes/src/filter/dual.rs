//! Two candidates at once with AWS-LC's dual exponentiation.

use super::Filter;
use crate::library::LibraryFailed;
use crate::library::number::{Modulus, Number, Scratch};
use crate::square_of_r::square_of_r;
use crate::words::{Words, shift_right, zeros};

/// Runs AWS-LC's exponentiation modulo two numbers at once.
pub(crate) struct DualFilter;

impl Filter for DualFilter {
    fn batch_size(&self) -> usize {
        2
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        let [first, second] = candidates else { return Err(LibraryFailed) };
        let mut scratch = Scratch::new()?;
        let moduli = [modulus(first, &mut scratch)?, modulus(second, &mut scratch)?];
        let tests = [EulerTest::new(first)?, EulerTest::new(second)?];
        let exponents = tests.each_ref().map(|test| &test.exponent);
        let bases = tests.each_ref().map(|test| &test.two);
        let powers = Modulus::powers(moduli.each_ref(), bases, exponents, &mut scratch)?;
        let verdicts = tests.iter().zip(&powers).map(|(test, power)| u8::from(test.is_passed_with(power)));
        Ok(verdicts.rev().fold(0, |bits, verdict| bits << 1 | verdict))
    }
}

fn modulus(words: &Words, scratch: &mut Scratch) -> Result<Modulus, LibraryFailed> {
    let mut modulus = Modulus::for_squaring(words)?;
    let square_of_r = square_of_r(words, &modulus, scratch)?;
    modulus.set_square_of_r(&square_of_r)?;
    Ok(modulus)
}

/// The operands of Euler's test to base 2: whether 2^((w-1)/2) = +-1 mod w.
struct EulerTest {
    two: Number,
    exponent: Number,
    one: Number,
    minus_one: Number,
}

impl EulerTest {
    fn new(words: &Words) -> Result<Self, LibraryFailed> {
        // As wide as the modulus; otherwise the library falls back to two single exponentiations.
        let mut two = zeros(words.len());
        if let Some(lowest) = two.first_mut() {
            *lowest = 2;
        }
        let mut minus_one = words.clone();
        if let Some(lowest) = minus_one.first_mut() {
            *lowest &= !1;
        }
        Ok(Self {
            two: Number::from_words(&two)?,
            exponent: Number::from_words(&shift_right(words, 1))?,
            one: Number::from_words(&[1])?,
            minus_one: Number::from_words(&minus_one)?,
        })
    }

    fn is_passed_with(&self, power: &Number) -> bool {
        power.equals(&self.one) | power.equals(&self.minus_one)
    }
}
