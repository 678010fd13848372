//! The filter: throws away nearly every composite that trial division left, and never a prime.
//!
//! All kinds ask the same question, 2^((w-1)/2) = +-1 mod w. What passes is confirmed elsewhere, so that a filter that is broken
//! costs time and never a key.

#[cfg(target_arch = "x86_64")]
use crate::kernel::Ifma;
#[cfg(target_arch = "x86_64")]
use crate::kernel::lanes::{LANES, Lanes};
use crate::library::LibraryFailed;
use crate::library::number::{Modulus, Number, Scratch};
use crate::square_of_r::square_of_r;
use crate::words::{Words, shift_right, zeros};

/// Tests as many candidates at once as it has places.
pub(crate) trait Filter: Send {
    /// How many candidates one test takes, at most 8.
    fn places(&self) -> usize;

    /// Bit i of the answer: candidate i may be prime. All places are filled.
    ///
    /// # Errors
    /// The library failed.
    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed>;
}

/// Eight candidates at once in the IFMA kernel, for `B` blocks of 256 bits.
#[cfg(target_arch = "x86_64")]
pub(crate) struct IfmaFilter<const B: usize>(Lanes<B>);

#[cfg(target_arch = "x86_64")]
impl<const B: usize> IfmaFilter<B> {
    pub(crate) fn new(cpu: Ifma) -> Self {
        Self(Lanes::new(cpu))
    }
}

#[cfg(target_arch = "x86_64")]
impl<const B: usize> Filter for IfmaFilter<B> {
    fn places(&self) -> usize {
        LANES
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        for (lane, words) in candidates.iter().enumerate() {
            self.0.load(lane, words);
        }
        Ok(self.0.test())
    }
}

/// Two candidates at once in the library's dual exponentiation.
pub(crate) struct DualFilter;

impl Filter for DualFilter {
    fn places(&self) -> usize {
        2
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        let [first, second] = candidates else { return Err(LibraryFailed) };
        let mut scratch = Scratch::new()?;
        let moduli = [modulus(first)?, modulus(second)?];
        let questions = [Question::new(first)?, Question::new(second)?];
        let exponents = questions.each_ref().map(|question| &question.exponent);
        let bases = questions.each_ref().map(|question| &question.two);
        let powers = Modulus::powers(moduli.each_ref(), bases, exponents, &mut scratch)?;
        let answers = questions.iter().zip(&powers).map(|(question, power)| u8::from(question.is_answered_by(power)));
        Ok(answers.rev().fold(0, |bits, answer| bits << 1 | answer))
    }
}

/// One candidate at a time in the library's plain exponentiation.
pub(crate) struct ScalarFilter;

impl Filter for ScalarFilter {
    fn places(&self) -> usize {
        1
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        let [words] = candidates else { return Err(LibraryFailed) };
        let mut scratch = Scratch::new()?;
        let modulus = modulus(words)?;
        let question = Question::new(words)?;
        let power = modulus.power(&question.two, &question.exponent, &mut scratch)?;
        Ok(u8::from(question.is_answered_by(&power)))
    }
}

fn modulus(words: &Words) -> Result<Modulus, LibraryFailed> {
    Modulus::with_square_of_r(words, &square_of_r(words))
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
