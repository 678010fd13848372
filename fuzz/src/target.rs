//! A fuzz target: a decoder with its allocation budget.

use allocation_counter::measure;

/// The allocation budget for one input: the sum of all allocations, freed or not.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Bytes for any input, however short.
    pub fixed: u64,
    /// Additional bytes for each byte of input.
    pub per_byte: u64,
}

/// A decoder under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the target and of its folder in `corpus/`.
    pub name: &'static str,
    /// Decodes one input; panics if an invariant of the target is broken.
    pub run: fn(&[u8]),
    /// The allocation budget.
    pub budget: Budget,
}

impl Target {
    /// Runs the target on one input and counts the allocations of Rust code; those of the C library behind aws-lc-rs do not
    /// count.
    ///
    /// # Panics
    /// If the target panics or exceeds its budget.
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
