//! What the generator counts, and a picture of it for metrics.

use claviger_crypto::rsa::ModulusLength;

use crate::length::PerLength;
use crate::pair::PairSpec;

/// Counts since the start, kept under the desk's lock.
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

/// One spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecFigures {
    /// Which.
    pub spec: PairSpec,
    /// Ready pairs.
    pub stock_level: usize,
    /// Ready pairs there is room for.
    pub stock_capacity: usize,
    /// Pairs made since the start.
    pub made: usize,
    /// Pairs that came out of the stock.
    pub from_stock: usize,
    /// Pairs made for a request that waited for them.
    pub on_demand: usize,
}

/// A picture of the generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Each spec.
    pub specs: Vec<SpecFigures>,
    /// Requests that wait for a pair.
    pub waiting: usize,
    /// Requests refused because too many waited.
    pub refused: usize,
    /// Pairs that came back unseen, because the client had gone.
    pub returned: usize,
    /// Pairs wiped because they were older than `stock_max_age`.
    pub discarded_old: usize,
    /// Pairs wiped because memory may have been copied.
    pub discarded_copied: usize,
    /// Pairs wiped because nobody wanted them and the stock was full.
    pub discarded_surplus: usize,
    /// Attempts of the engine that failed.
    pub failed: usize,
    /// Whether the stock stays out of swap space.
    pub is_locked: bool,
}
