//! The search for pairs of primes, in steps of at most a few milliseconds: draw, divide, filter, confirm, assemble
//! (FIPS 186-5 A.1.3).
//!
//! Candidates are independent of each other, so that nothing is wasted when a filter takes eight at once and finds
//! two primes in them: the second waits for the next pair. Each prime is used once. All that waits is wiped when it
//! goes.

use claviger_crypto::rsa::ModulusLength;

use crate::confirm::{self, Subject};
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

/// What the standard says for a modulus length.
#[derive(Clone, Copy)]
struct Rules {
    /// Words of a prime.
    words: usize,
    /// Miller-Rabin rounds: table B.1 for 2^-112, 2^-128, 2^-144.
    rounds: usize,
    /// Candidates in range that may fail before p, then before q, is given up (A.1.3 steps 4.7 and 5.8): 5 nlen, 10
    /// nlen.
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

/// One or two numbers under Miller-Rabin rounds.
struct Confirming {
    subjects: Vec<Subject>,
    passed: Vec<bool>,
    rounds_left: usize,
    scratch: Scratch,
}

/// A search and all that it keeps from one call to the next.
pub(crate) struct Search {
    rules: Rules,
    random: Random,
    division: Division,
    filter: Box<dyn Filter>,
    /// Whether confirmation takes two numbers at once.
    confirms_two: bool,
    /// Survivors of trial division, waiting for the filter to be full.
    waiting: Vec<Words>,
    /// Survivors of the filter.
    probable: Vec<Words>,
    confirming: Option<Confirming>,
    primes: Vec<Words>,
    /// Candidates in range since the last prime.
    candidates: usize,
    /// Primes accepted: the next one is a p when even, a q when odd.
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
            waiting: Vec::new(),
            probable: Vec::new(),
            confirming: None,
            primes: Vec::new(),
            candidates: 0,
            accepted: 0,
        }
    }

    /// Works until a pair is done, asking `proceed` between steps.
    pub(crate) fn next_key(&mut self, proceed: &mut dyn FnMut() -> bool) -> Result<Option<EncodedKey>, EngineError> {
        if !self.random.is_of_this_process() {
            self.forget();
        }
        loop {
            if !proceed() {
                return Ok(None);
            }
            let stepped = self.step();
            if stepped.is_err() {
                self.forget();
            }
            if let Some(pair) = stepped? {
                return Ok(Some(pair));
            }
        }
    }

    /// For tests that need primes.
    #[cfg(test)]
    pub(crate) fn two_primes(&mut self) -> impl Iterator<Item = Words> {
        while self.primes.len() < 2 {
            self.step().unwrap();
        }
        self.primes.drain(..)
    }

    /// Wipes everything that was drawn, tested or found.
    fn forget(&mut self) {
        self.random.forget();
        self.waiting.clear();
        self.probable.clear();
        self.confirming = None;
        self.primes.clear();
        (self.candidates, self.accepted) = (0, 0);
    }

    /// The furthest step that is ready, so that what is nearly a pair becomes one first.
    fn step(&mut self) -> Result<Option<EncodedKey>, EngineError> {
        if self.primes.len() >= 2 {
            return self.assemble();
        }
        if let Some(confirming) = self.confirming.take() {
            self.confirm(confirming)?;
        } else if self.probable.len() > usize::from(self.confirms_two) {
            self.begin_confirming()?;
        } else if self.waiting.len() >= self.filter.places() {
            let survivors = self.filter.test(&self.waiting)?;
            let tested = self.waiting.drain(..).enumerate();
            self.probable.extend(tested.filter(|(place, _)| survivors >> place & 1 == 1).map(|(_, words)| words));
        } else {
            self.draw()?;
        }
        Ok(None)
    }

    /// Draws until one candidate survives trial division.
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
                self.waiting.push(words);
                return Ok(());
            }
        }
    }

    fn begin_confirming(&mut self) -> Result<(), EngineError> {
        let mut scratch = Scratch::new()?;
        let count = 1 + usize::from(self.confirms_two);
        let mut subjects = Vec::with_capacity(count);
        for words in self.probable.drain(..count) {
            subjects.push(Subject::new(words, &mut scratch)?);
        }
        let passed = vec![true; subjects.len()];
        self.confirming = Some(Confirming { subjects, passed, rounds_left: self.rules.rounds, scratch });
        Ok(())
    }

    /// One more round; after the last, what passed all of them is prime.
    fn confirm(&mut self, mut confirming: Confirming) -> Result<(), EngineError> {
        let Confirming { subjects, passed, rounds_left, scratch } = &mut confirming;
        let verdicts = match subjects.as_slice() {
            [first, second] => confirm::rounds([first, second], &mut self.random, scratch)?.to_vec(),
            [only] => vec![confirm::round(only, &mut self.random, scratch)?],
            _ => Vec::new(),
        };
        passed.iter_mut().zip(verdicts).for_each(|(passed, verdict)| *passed &= verdict);
        *rounds_left -= 1;
        if *rounds_left > 0 && passed.iter().any(|passed| *passed) {
            self.confirming = Some(confirming);
            return Ok(());
        }
        for (subject, passed) in confirming.subjects.into_iter().zip(confirming.passed) {
            if passed {
                self.primes.push(subject.into_words());
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

    /// A filter with a fault.
    enum Broken {
        Always,
        Never,
        ByChance,
        WrongWayRound(ScalarFilter),
    }

    impl Filter for Broken {
        fn places(&self) -> usize {
            if matches!(self, Self::WrongWayRound(_)) { 1 } else { 8 }
        }

        fn test(&mut self, candidates: &[Words]) -> Result<u8, LibraryFailed> {
            match self {
                Self::Always => Ok(u8::MAX),
                Self::Never => Ok(0),
                Self::ByChance => {
                    let mut bits = [0];
                    random::fill(&mut bits)?;
                    Ok(bits[0] as u8)
                }
                Self::WrongWayRound(filter) => Ok(filter.test(candidates)? ^ 1),
            }
        }
    }

    fn search(broken: Broken, confirms_two: bool) -> Search {
        Search::new(ModulusLength::Bits2048, Division::portable(16), Box::new(broken), confirms_two)
    }

    #[test]
    fn a_broken_filter_costs_time_and_never_a_bad_pair() {
        for (broken, confirms_two) in [(Broken::Always, true), (Broken::Always, false), (Broken::ByChance, true)] {
            let pair = search(broken, confirms_two).next_key(&mut || true).unwrap().unwrap();
            let key = PrivateKey::from_pkcs8_der(&pair.private_key).unwrap();
            key.sign_pkcs1_sha256(b"message").unwrap();
        }
    }

    #[test]
    fn a_filter_that_passes_no_prime_ends_in_an_error_at_the_standards_limit() {
        for broken in [Broken::Never, Broken::WrongWayRound(ScalarFilter)] {
            let mut search = search(broken, true);
            // Fewer than the standard's, so that the test is quick; one search in 300 finds no prime in as many.
            search.rules.candidates_max = [2000, 2000];
            assert_eq!(search.next_key(&mut || true).unwrap_err(), EngineError::Failed);
            assert!(search.waiting.is_empty() && search.probable.is_empty() && search.primes.is_empty());
            assert_eq!(search.candidates, 0);
        }
        let rules = Rules::of(ModulusLength::Bits3072);
        assert_eq!((rules.words, rules.rounds, rules.candidates_max), (24, 4, [15_360, 30_720]));
    }

    #[test]
    fn a_search_inherited_by_another_process_starts_anew() {
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
        assert_eq!(search.waiting.len(), 4);
        search.random.pretend_inherited();
        assert!(search.next_key(&mut || false).unwrap().is_none());
        assert!(search.waiting.is_empty() && search.candidates == 0);
        assert!(search.random.is_of_this_process());
    }
}
