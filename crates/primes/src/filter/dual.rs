//! Two candidates at once with the library's exponentiation.

use super::Filter;
use crate::library::LibraryFailed;
use crate::library::number::{Modulus, Number, Scratch};
use crate::square_of_r::square_of_r;
use crate::words::{Words, shift_right, zeros};

/// Two candidates at once in the library's dual exponentiation.
pub(crate) struct DualFilter;

impl Filter for DualFilter {
    fn places(&self) -> usize {
        2
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        let [first, second] = candidates else { return Err(LibraryFailed) };
        let mut scratch = Scratch::new()?;
        let moduli = [modulus(first, &mut scratch)?, modulus(second, &mut scratch)?];
        let questions = [Question::new(first)?, Question::new(second)?];
        let exponents = questions.each_ref().map(|question| &question.exponent);
        let bases = questions.each_ref().map(|question| &question.two);
        let powers = Modulus::powers(moduli.each_ref(), bases, exponents, &mut scratch)?;
        let answers = questions.iter().zip(&powers).map(|(question, power)| u8::from(question.is_answered_by(power)));
        Ok(answers.rev().fold(0, |bits, answer| bits << 1 | answer))
    }
}

fn modulus(words: &Words, scratch: &mut Scratch) -> Result<Modulus, LibraryFailed> {
    let mut modulus = Modulus::for_squaring(words)?;
    let square_of_r = square_of_r(words, &modulus, scratch)?;
    modulus.set_square_of_r(&square_of_r)?;
    Ok(modulus)
}

/// 2^((w-1)/2) = +-1 mod w?
struct Question {
    two: Number,
    exponent: Number,
    one: Number,
    minus_one: Number,
}

impl Question {
    fn new(words: &Words) -> Result<Self, LibraryFailed> {
        // As wide as the modulus, or the dual exponentiation is two single ones.
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

    fn is_answered_by(&self, power: &Number) -> bool {
        power.equals(&self.one) | power.equals(&self.minus_one)
    }
}
