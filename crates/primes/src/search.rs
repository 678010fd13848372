//! The search for primes and the making of keys from them (FIPS 186-5 A.1.3), in steps of at most a few milliseconds: draw,
//! divide, filter, confirm, assemble.
//!
//! Candidates are independent of each other, so nothing is wasted when a filter takes eight at once and finds two primes
//! among them: the second is used for the next key. Each prime is used once. Candidates and primes are wiped when dropped.

use claviger_crypto::rsa::ModulusLength;

use crate::confirm::{self, Tested};
use crate::division::Division;
use crate::draw::Random;
use crate::encoded::EncodedKey;
use crate::error::EngineError;
use crate::filter::Filter;
use crate::key_numbers::Primes;
use crate::library::LibraryFailed;
use crate::library::number::Scratch;
use crate::small_primes::suits_exponent;
use crate::words::{Words, zeros};

impl From<LibraryFailed> for EngineError {
    fn from(_failed: LibraryFailed) -> Self {
        Self::Failed
    }
}

/// What the standard requires for a modulus length.
#[derive(Clone, Copy)]
struct Rules {
    /// Length of a prime in words.
    words: usize,
    /// Miller-Rabin rounds: table B.1, for error probabilities of 2^-112, 2^-128, 2^-144.
    rounds: usize,
    /// After how many candidates in range the search for p, and that for q, is abandoned (A.1.3 steps 4.7 and 5.8): 5 nlen
    /// and 10 nlen.
    candidates_max: [usize; 2],
}

impl Rules {
    const fn of(length: ModulusLength) -> Self {
        let (bits, rounds) = match length {
            ModulusLength::Bits2048 => (2048, 5),
            ModulusLength::Bits3072 => (3072, 4),
            ModulusLength::Bits4096 => (4096, 4),
        };
        Self { words: bits / 128, rounds, candidates_max: [5 * bits, 10 * bits] }
    }
}

/// One or two numbers in the middle of their Miller-Rabin rounds.
struct Confirmation {
    numbers: Vec<Tested>,
    passed: Vec<bool>,
    rounds_left: usize,
    scratch: Scratch,
}

/// A search, with everything that it keeps from one call to the next.
pub(crate) struct Search {
    rules: Rules,
    random: Random,
    division: Division,
    filter: Box<dyn Filter>,
    /// Whether two numbers are confirmed together.
    confirms_two: bool,
    /// Survivors of trial division, until there is a full batch for the filter.
    to_filter: Vec<Words>,
    /// Survivors of the filter.
    to_confirm: Vec<Words>,
    confirmation: Option<Confirmation>,
    primes: Vec<Words>,
    /// Candidates in range drawn since the last prime was accepted.
    candidates: usize,
    /// Primes accepted so far: if even, the next one is a p, otherwise a q.
    accepted: usize,
}

impl Search {
    pub(crate) fn new(length: ModulusLength, division: Division, filter: Box<dyn Filter>, confirms_two: bool) -> Self {
        Self {
            rules: Rules::of(length),
            random: Random::new(),
            division,
            filter,
            confirms_two,
            to_filter: Vec::new(),
            to_confirm: Vec::new(),
            confirmation: None,
            primes: Vec::new(),
            candidates: 0,
            accepted: 0,
        }
    }

    /// Works until a key is ready or `proceed`, which is called between steps, returns `false`.
    pub(crate) fn next_key(&mut self, proceed: &mut dyn FnMut() -> bool) -> Result<Option<EncodedKey>, EngineError> {
        if !self.random.belongs_to_this_process() {
            self.reset();
        }
        loop {
            if !proceed() {
                return Ok(None);
            }
            let stepped = self.step();
            if stepped.is_err() {
                self.reset();
            }
            if let Some(key) = stepped? {
                return Ok(Some(key));
            }
        }
    }

    /// Two primes, for tests.
    #[cfg(test)]
    pub(crate) fn two_primes(&mut self) -> impl Iterator<Item = Words> {
        while self.primes.len() < 2 {
            self.step().unwrap();
        }
        self.primes.drain(..)
    }

    /// Wipes everything that was drawn, tested or found.
    fn reset(&mut self) {
        self.random.wipe();
        self.to_filter.clear();
        self.to_confirm.clear();
        self.confirmation = None;
        self.primes.clear();
        (self.candidates, self.accepted) = (0, 0);
    }

    /// Runs the last step in this order that has its input, so that a nearly finished key is finished first.
    fn step(&mut self) -> Result<Option<EncodedKey>, EngineError> {
        if self.primes.len() >= 2 {
            return self.assemble();
        }
        if let Some(confirmation) = self.confirmation.take() {
            self.confirm(confirmation)?;
        } else if self.to_confirm.len() > usize::from(self.confirms_two) {
            self.begin_confirmation()?;
        } else if self.to_filter.len() >= self.filter.batch_size() {
            let survivors = self.filter.test(&self.to_filter)?;
            let tested = self.to_filter.drain(..).enumerate();
            self.to_confirm.extend(tested.filter(|(place, _)| survivors >> place & 1 == 1).map(|(_, words)| words));
        } else {
            self.draw()?;
        }
        Ok(None)
    }

    /// Draws candidates until one survives trial division.
    fn draw(&mut self) -> Result<(), EngineError> {
        let mut words = zeros(self.rules.words);
        let [for_p, for_q] = self.rules.candidates_max;
        let candidates_max = if self.accepted.is_multiple_of(2) { for_p } else { for_q };
        loop {
            if !self.random.candidate(&mut words)? {
                continue;
            }
            self.candidates += 1;
            if self.candidates > candidates_max {
                return Err(EngineError::Failed);
            }
            if self.division.survives(&words) && suits_exponent(&words) {
                self.to_filter.push(words);
                return Ok(());
            }
        }
    }

    fn begin_confirmation(&mut self) -> Result<(), EngineError> {
        let mut scratch = Scratch::new()?;
        let count = 1 + usize::from(self.confirms_two);
        let mut numbers = Vec::with_capacity(count);
        for words in self.to_confirm.drain(..count) {
            numbers.push(Tested::new(words, &mut scratch)?);
        }
        let passed = vec![true; numbers.len()];
        self.confirmation = Some(Confirmation { numbers, passed, rounds_left: self.rules.rounds, scratch });
        Ok(())
    }

    /// Runs one more round. Numbers that have passed every round are prime.
    fn confirm(&mut self, mut confirmation: Confirmation) -> Result<(), EngineError> {
        let Confirmation { numbers, passed, rounds_left, scratch } = &mut confirmation;
        let verdicts = match numbers.as_slice() {
            [first, second] => confirm::rounds([first, second], &mut self.random, scratch)?.to_vec(),
            [only] => vec![confirm::round(only, &mut self.random, scratch)?],
            _ => Vec::new(),
        };
        passed.iter_mut().zip(verdicts).for_each(|(passed, verdict)| *passed &= verdict);
        *rounds_left -= 1;
        if *rounds_left > 0 && passed.iter().any(|passed| *passed) {
            self.confirmation = Some(confirmation);
            return Ok(());
        }
        for (number, passed) in confirmation.numbers.into_iter().zip(confirmation.passed) {
            if passed {
                self.primes.push(number.into_words());
                self.accepted += 1;
                self.candidates = 0;
            }
        }
        Ok(())
    }

    fn assemble(&mut self) -> Result<Option<EncodedKey>, EngineError> {
        let (Some(q), Some(p)) = (self.primes.pop(), self.primes.pop()) else { return Ok(None) };
        let Some(primes) = Primes::new(p, q) else { return Ok(None) };
        let mut digest = [0; 4];
        self.random.fill(&mut digest)?;
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(digest) {
            *bytes = word.to_le_bytes();
        }
        Ok(primes.into_key(&bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use claviger_crypto::rsa::PrivateKey;

    use super::*;
    use crate::filter::scalar::ScalarFilter;
    use crate::library::random;

    /// A filter with a defect.
    enum Broken {
        Always,
        Never,
        Random,
        Inverted(ScalarFilter),
    }

    impl Filter for Broken {
        fn batch_size(&self) -> usize {
            if matches!(self, Self::Inverted(_)) { 1 } else { 8 }
        }

        fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
            match self {
                Self::Always => Ok(u8::MAX),
                Self::Never => Ok(0),
                Self::Random => {
                    let mut bits = [0];
                    random::fill(&mut bits)?;
                    Ok(bits[0] as u8)
                }
                Self::Inverted(filter) => Ok(filter.test(candidates)? ^ 1),
            }
        }
    }

    fn search(broken: Broken, confirms_two: bool) -> Search {
        Search::new(ModulusLength::Bits2048, Division::portable(16), Box::new(broken), confirms_two)
    }

    #[test]
    fn a_broken_filter_costs_time_and_never_yields_a_bad_key() {
        for (broken, confirms_two) in [(Broken::Always, true), (Broken::Always, false), (Broken::Random, true)] {
            let key = search(broken, confirms_two).next_key(&mut || true).unwrap().unwrap();
            let key = PrivateKey::from_pkcs8_der(&key.private_key).unwrap();
            key.sign_pkcs1_sha256(b"message").unwrap();
        }
    }

    #[test]
    fn a_filter_that_passes_no_prime_ends_in_an_error_at_the_standards_limit() {
        for broken in [Broken::Never, Broken::Inverted(ScalarFilter)] {
            let mut search = search(broken, true);
            // Below the standard's limit, so that the test is quick.
            search.rules.candidates_max = [2000, 2000];
            assert_eq!(search.next_key(&mut || true).unwrap_err(), EngineError::Failed);
            assert!(search.to_filter.is_empty() && search.to_confirm.is_empty() && search.primes.is_empty());
            assert_eq!(search.candidates, 0);
        }
        let rules = Rules::of(ModulusLength::Bits3072);
        assert_eq!((rules.words, rules.rounds, rules.candidates_max), (24, 4, [15_360, 30_720]));
    }

    #[test]
    fn a_search_inherited_by_another_process_starts_again() {
        let mut search = search(Broken::Never, true);
        let mut steps = 5;
        assert!(
            search
                .next_key(&mut || {
                    steps -= 1;
                    steps > 0
                })
                .unwrap()
                .is_none()
        );
        assert_eq!(search.to_filter.len(), 4);
        search.random.pretend_inherited();
        assert!(search.next_key(&mut || false).unwrap().is_none());
        assert!(search.to_filter.is_empty() && search.candidates == 0);
        assert!(search.random.belongs_to_this_process());
    }
}
