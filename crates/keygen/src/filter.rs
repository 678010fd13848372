//! The filter: throws away nearly every composite that trial division left, and never a prime.
//!
//! All kinds ask the same question, 2^((w-1)/2) = +-1 mod w. What passes is confirmed elsewhere, so that a filter
//! that is broken costs time and never a key.

mod chain;

pub(crate) use self::chain::ScalarFilter;
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Avx2, Ifma, avx2, lanes};
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
pub(crate) struct IfmaFilter<const B: usize>(lanes::Lanes<B>);

#[cfg(target_arch = "x86_64")]
impl<const B: usize> IfmaFilter<B> {
    pub(crate) fn new(cpu: Ifma) -> Self {
        Self(lanes::Lanes::new(cpu))
    }
}

#[cfg(target_arch = "x86_64")]
impl<const B: usize> Filter for IfmaFilter<B> {
    fn places(&self) -> usize {
        lanes::LANES
    }

    fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
        for (lane, words) in candidates.iter().enumerate() {
            self.0.load(lane, words);
        }
        Ok(self.0.test())
    }
}

/// Four candidates at once in the AVX2 kernel, for `B` blocks of 116 bits.
#[cfg(target_arch = "x86_64")]
pub(crate) struct Avx2Filter<const B: usize>(avx2::lanes::Lanes<B>);

#[cfg(target_arch = "x86_64")]
impl<const B: usize> Avx2Filter<B> {
    pub(crate) fn new(cpu: Avx2) -> Self {
        Self(avx2::lanes::Lanes::new(cpu))
    }
}

#[cfg(target_arch = "x86_64")]
impl<const B: usize> Filter for Avx2Filter<B> {
    fn places(&self) -> usize {
        avx2::lanes::LANES
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

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;
    use crate::draw::Random;
    use crate::plain::{number, passes_euler as passes, words};
    use crate::pseudoprimes;

    fn wiped(number: &BigUint, len: usize) -> Words {
        let mut wiped = zeros(len);
        wiped.copy_from_slice(&words(number, len));
        wiped
    }

    fn check(filter: &mut dyn Filter, numbers: &[BigUint], len: usize) {
        for group in numbers.chunks(filter.places()) {
            let mut group: Vec<Words> = group.iter().map(|number| wiped(number, len)).collect();
            while group.len() < filter.places() {
                group.extend(group.first().cloned());
            }
            let verdicts = filter.test(&group).unwrap();
            for (place, words) in group.iter().enumerate() {
                let w = number(words);
                assert_eq!(verdicts >> place & 1 == 1, passes(&w), "{w} in place {place} of {}", filter.places());
            }
        }
    }

    /// Primes and composites of every length, extreme ones among them.
    fn numbers(len: usize) -> Vec<BigUint> {
        let one = BigUint::from(1_u8);
        let full: BigUint = (&one << (64 * len)) - 1_u8;
        let least: BigUint = (&one << (64 * len - 1)) + 1_u8;
        let mut numbers = vec![full.clone(), &full - 2_u8, least.clone(), &least + 2_u8, &full ^ (&one << 64_u32)];
        numbers.extend(pseudoprimes::all().into_iter().filter(|number| number.bits() == 64 * len as u64));
        let mut random = Random::new();
        let mut words = vec![0; len];
        while numbers.len() < 24 {
            if random.candidate(&mut words).unwrap() {
                numbers.push(number(&words));
            }
        }
        if len == 16 {
            let mut search = crate::search::Search::new(
                claviger_crypto::rsa::ModulusLength::Bits2048,
                crate::division::Division::portable(16),
                Box::new(DualFilter),
                true,
            );
            numbers.extend(search.two_primes().map(|prime| number(&prime)));
        }
        numbers
    }

    #[test]
    fn every_filter_agrees_with_a_plain_implementation() {
        for len in [16, 24, 32] {
            let numbers = numbers(len);
            assert!(numbers.iter().any(passes) && !numbers.iter().all(passes));
            check(&mut DualFilter, &numbers, len);
            check(&mut ScalarFilter, &numbers, len);
            #[cfg(target_arch = "x86_64")]
            if let Some(cpu) = Ifma::detect() {
                match len {
                    16 => check(&mut IfmaFilter::<4>::new(cpu), &numbers, len),
                    24 => check(&mut IfmaFilter::<6>::new(cpu), &numbers, len),
                    _ => check(&mut IfmaFilter::<8>::new(cpu), &numbers, len),
                }
            } else {
                println!("skipped ifma: this CPU has no AVX-512 IFMA");
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(cpu) = Avx2::detect() {
                match len {
                    16 => check(&mut Avx2Filter::<9>::new(cpu), &numbers, len),
                    24 => check(&mut Avx2Filter::<14>::new(cpu), &numbers, len),
                    _ => check(&mut Avx2Filter::<18>::new(cpu), &numbers, len),
                }
            } else {
                println!("skipped avx2: this CPU has no AVX2");
            }
        }
    }
}
