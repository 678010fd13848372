//! A fuzz target: a decoder and what it may allocate.

use allocation_counter::measure;

/// What a target may allocate for one input, all allocations added up, freed or not.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Bytes for any input, however short.
    pub fixed: u64,
    /// Bytes more for each byte of input.
    pub per_byte: u64,
}

/// A decoder under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Feeds it one input; panics if the decoder breaks a rule of its own.
    pub run: fn(&[u8]),
    /// What it may allocate.
    pub budget: Budget,
}

impl Target {
    /// Feeds one input, counting what it allocates in Rust; what the C library behind aws-lc-rs allocates is not seen.
    ///
    /// # Panics
    /// When the target does, or when the budget is exceeded.
    pub fn examine(&self, input: &[u8]) {
        let used = measure(|| (self.run)(input)).bytes_total;
        let allowed = self.budget.fixed.saturating_add(self.budget.per_byte.saturating_mul(input.len() as u64));
        assert!(
            used <= allowed,
            "{}: {} bytes of input allocated {used} bytes, {allowed} allowed",
            self.name,
            input.len()
        );
    }
}
