//! What the generator counts, and a snapshot of it for metrics.

use claviger_crypto::rsa::ModulusLength;

use crate::length::PerLength;
use crate::spec::PairSpec;

/// Counters since the start, guarded by the broker's lock.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    lengths: PerLength<LengthTally>,
    pub(crate) discarded_old: usize,
    pub(crate) discarded_copied: usize,
    pub(crate) discarded_surplus: usize,
    pub(crate) returned: usize,
    pub(crate) refused: usize,
    pub(crate) failed: usize,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct LengthTally {
    pub(crate) made: usize,
    pub(crate) from_stock: usize,
    pub(crate) on_demand: usize,
}

impl Tally {
    pub(crate) const fn of(&self, length: ModulusLength) -> &LengthTally {
        self.lengths.get(length)
    }

    pub(crate) const fn of_mut(&mut self, length: ModulusLength) -> &mut LengthTally {
        self.lengths.get_mut(length)
    }
}

/// The figures of one spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecFigures {
    /// The spec.
    pub spec: PairSpec,
    /// Ready pairs in the stock.
    pub stock_level: usize,
    /// Ready pairs that the stock has room for.
    pub stock_capacity: usize,
    /// Pairs made since the start.
    pub made: usize,
    /// Pairs handed out from the stock.
    pub from_stock: usize,
    /// Pairs handed to a request that had to wait.
    pub on_demand: usize,
}

/// A snapshot of the generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// One entry for each offered spec.
    pub specs: Vec<SpecFigures>,
    /// Requests waiting for a pair.
    pub waiting: usize,
    /// Requests refused because the queue was full.
    pub refused: usize,
    /// Pairs that came back unclaimed because the caller had gone.
    pub returned: usize,
    /// Pairs wiped because they were older than `stock_max_age`.
    pub discarded_old: usize,
    /// Pairs wiped because memory may have been copied.
    pub discarded_copied: usize,
    /// Pairs wiped because no request waited and the stock was full.
    pub discarded_surplus: usize,
    /// Failures of the engine.
    pub failed: usize,
    /// Whether the stock is locked against swapping.
    pub is_locked: bool,
}
