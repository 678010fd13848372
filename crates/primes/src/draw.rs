//! Buffered random words, and candidates drawn from them as FIPS 186-5 A.1.3 specifies.

use zeroize::Zeroize;

use crate::library::{LibraryFailed, random};
use crate::words::{Words, multiply, zeros};

/// Words requested from the library at once: 16 KiB.
const BUFFER_WORDS: usize = 2 * 1024;
/// The first 64 bits of the square root of 2: floor(sqrt(2) * 2^63).
const SQRT_2: u64 = 0xB504_F333_F9DE_6484;

/// A buffer of random words. Each is used once and then wiped. The buffer belongs to one process; see
/// [`Random::belongs_to_this_process`].
pub(crate) struct Random {
    buffer: Words,
    used: usize,
    process: u32,
}

impl Random {
    pub(crate) fn new() -> Self {
        Self { buffer: zeros(BUFFER_WORDS), used: BUFFER_WORDS, process: std::process::id() }
    }

    /// Whether the buffer was filled by this process and not inherited through `fork`: two processes with the same buffer
    /// would make the same keys.
    pub(crate) fn belongs_to_this_process(&self) -> bool {
        self.process == std::process::id()
    }

    /// Makes the buffer look as it does in a child after a `fork`.
    #[cfg(test)]
    pub(crate) fn pretend_inherited(&mut self) {
        self.process ^= 1;
    }

    /// Wipes the buffer and makes it belong to this process.
    pub(crate) fn wipe(&mut self) {
        // As a slice, because zeroizing a vector would also empty it.
        self.buffer.as_mut_slice().zeroize();
        self.used = BUFFER_WORDS;
        self.process = std::process::id();
    }

    /// Fills `words` with random words.
    pub(crate) fn fill(&mut self, words: &mut [u64]) -> Result<(), LibraryFailed> {
        if self.used + words.len() > BUFFER_WORDS {
            random::fill(&mut self.buffer)?;
            self.used = 0;
        }
        let taken = self.buffer.get_mut(self.used..self.used + words.len()).ok_or(LibraryFailed)?;
        self.used += taken.len();
        words.copy_from_slice(taken);
        taken.zeroize();
        Ok(())
    }

    /// Fills `words` with a fresh candidate: a random string made odd (A.1.3 steps 4.2 and 4.3). The top bit is set rather than
    /// drawn, since every number in range has it. Returns whether the number is large enough (step 4.4); if not, the caller
    /// draws again.
    pub(crate) fn candidate(&mut self, words: &mut [u64]) -> Result<bool, LibraryFailed> {
        self.fill(words)?;
        if let Some(highest) = words.last_mut() {
            *highest |= 1 << 63;
        }
        if let Some(lowest) = words.first_mut() {
            *lowest |= 1;
        }
        Ok(is_in_range(words))
    }
}

/// Whether p >= sqrt(2) * 2^(k - 1) for a p of k bits, that is, whether p^2 has its top bit set. The top word decides,
/// except in one case in 2^63, in which p is squared.
pub(crate) fn is_in_range(words: &[u64]) -> bool {
    let top = words.last().copied().unwrap_or(0);
    if top == SQRT_2 {
        return multiply(words, words).last().is_some_and(|highest| highest >> 63 == 1);
    }
    top > SQRT_2
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;
    use crate::plain::{number, words};

    #[test]
    fn the_bound_is_exact() {
        for bits in [1024_u32, 1536, 2048] {
            // The least p with p^2 >= 2^(2 bits - 1).
            let bound = (BigUint::from(1_u8) << (2 * bits - 1)).sqrt() + 1_u8;
            let len = bits as usize / 64;
            assert!(is_in_range(&words(&bound, len)));
            assert!(!is_in_range(&words(&(&bound - 1_u8), len)));
            assert_eq!(words(&bound, len).last(), Some(&SQRT_2));
        }
    }

    proptest! {
        #[test]
        fn the_bound_is_that_of_the_square(low in proptest::collection::vec(any::<u64>(), 15), top in any::<u64>()) {
            for top in [top, SQRT_2 - 1, SQRT_2, SQRT_2 + 1] {
                let mut words = low.clone();
                words.push(top);
                let square = number(&words).pow(2);
                prop_assert_eq!(is_in_range(&words), square.bits() == 2048);
            }
        }
    }

    #[test]
    fn candidates_are_odd_full_and_fresh() {
        let mut random = Random::new();
        let mut seen = std::collections::HashSet::new();
        let mut in_range = 0;
        for _ in 0..2000 {
            let mut words = vec![0; 16];
            if random.candidate(&mut words).unwrap() {
                in_range += 1;
                assert!(words[0] & 1 == 1 && number(&words).bits() == 1024);
            }
            assert!(seen.insert(words));
        }
        // 58.6 % are expected; 1000 or 1350 of 2000 are seven standard deviations away.
        assert!((1000..1350).contains(&in_range), "{in_range}");
        random.wipe();
        assert!(
            random.buffer.len() == BUFFER_WORDS
                && random.buffer.iter().all(|word| *word == 0)
                && random.belongs_to_this_process()
        );
    }
}
