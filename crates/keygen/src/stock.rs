//! The stock: ready RSA pairs in locked pages. The oldest leaves first, and each leaves at most once.
//!
//! The stock is plain data behind its owner's lock. `generator` decides when it is filled and by whom.

mod pool;

use std::time::Duration;

use claviger_crypto::rsa::ModulusLength;

use crate::config::StockSizes;
use crate::error::KeygenError;
use crate::length::{LENGTHS, PerLength};
use crate::pair::Pair;
use pool::PairPool;

/// Ready pairs of every length.
#[derive(Debug)]
pub(crate) struct Stock {
    pools: PerLength<PairPool>,
}

impl Stock {
    /// An empty stock of these sizes.
    pub(crate) fn new(sizes: StockSizes) -> Result<Self, KeygenError> {
        Ok(Self { pools: PerLength::try_new(|length| PairPool::new(length, sizes.of(length)))? })
    }

    /// Whether all of it is locked against swapping.
    pub(crate) fn is_locked(&self) -> bool {
        LENGTHS.iter().all(|length| self.pools.get(*length).is_locked())
    }

    /// Copies a pair made at `made_at` into the stock. Returns whether there was room. The caller keeps the pair and wipes it
    /// after releasing the owner's lock, because wiping frees memory and the allocator may block.
    #[must_use]
    pub(crate) fn put(&mut self, length: ModulusLength, pair: &Pair, made_at: Duration) -> bool {
        self.pools.get_mut(length).put(pair, made_at)
    }

    /// Takes out the oldest pair. Returns it and when it was made.
    pub(crate) fn take(&mut self, length: ModulusLength) -> Option<(Pair, Duration)> {
        self.pools.get_mut(length).take()
    }

    /// How many pairs are ready.
    pub(crate) fn level(&self, length: ModulusLength) -> usize {
        self.pools.get(length).level()
    }

    /// How many pairs there is room for.
    pub(crate) fn capacity(&self, length: ModulusLength) -> usize {
        self.pools.get(length).capacity()
    }

    /// The length whose pool is emptiest in proportion to its capacity; `None` if all are full.
    pub(crate) fn neediest(&self) -> Option<ModulusLength> {
        let share = |length: &ModulusLength| self.level(*length) as f64 / self.capacity(*length) as f64;
        let lacking = LENGTHS.into_iter().filter(|length| self.level(*length) < self.capacity(*length));
        lacking.min_by(|one, other| share(one).total_cmp(&share(other)))
    }

    /// Wipes the pairs made before `moment`. Returns how many there were.
    pub(crate) fn discard_made_before(&mut self, moment: Duration) -> usize {
        LENGTHS.iter().map(|length| self.pools.get_mut(*length).discard_made_before(moment)).sum()
    }

    /// Wipes all pairs. Returns how many there were.
    pub(crate) fn discard_all(&mut self) -> usize {
        self.discard_made_before(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use claviger_base::SecretBytes;

    const SIZES: StockSizes = StockSizes { rsa_2048: 3, rsa_3072: 0, rsa_4096: 2 };

    fn pair(number: u8) -> Pair {
        Pair { public_key: vec![number; 294], private_key: SecretBytes::new(vec![number; 1217]) }
    }

    /// README and docs/security.md say how much memory is locked.
    #[test]
    fn the_default_stock_takes_five_megabytes() {
        let stock = Stock::new(StockSizes::SERVER).unwrap();
        let bytes: usize = LENGTHS.iter().map(|length| stock.pools.get(*length).bytes()).sum();
        assert!((4_900_000..=5_100_000).contains(&bytes), "{bytes}");
    }

    fn numbers(stock: &mut Stock, length: ModulusLength) -> Vec<u8> {
        std::iter::from_fn(|| stock.take(length))
            .map(|(pair, _made_at)| {
                assert!(pair.private_key.reveal().iter().all(|byte| *byte == pair.public_key[0]));
                assert_eq!((pair.public_key.len(), pair.private_key.len()), (294, 1217));
                pair.public_key[0]
            })
            .collect()
    }

    #[test]
    fn oldest_first_and_no_more_than_there_is_room_for() {
        let mut stock = Stock::new(SIZES).unwrap();
        let put = |stock: &mut Stock, length, number| stock.put(length, &pair(number), Duration::from_secs(1));
        for number in 1..=3 {
            assert!(put(&mut stock, ModulusLength::Bits2048, number));
        }
        assert!(!put(&mut stock, ModulusLength::Bits2048, 4));
        assert!(!put(&mut stock, ModulusLength::Bits3072, 5), "a stock of size 0 takes nothing");
        assert_eq!(numbers(&mut stock, ModulusLength::Bits2048), [1, 2, 3]);
        assert!(stock.take(ModulusLength::Bits2048).is_none());
        assert!(put(&mut stock, ModulusLength::Bits2048, 6));
        assert_eq!(numbers(&mut stock, ModulusLength::Bits2048), [6]);
    }

    #[test]
    fn the_emptiest_part_is_filled_first_and_nothing_when_full() {
        let mut stock = Stock::new(SIZES).unwrap();
        let mut filled = Vec::new();
        while let Some(length) = stock.neediest() {
            assert!(stock.put(length, &pair(1), Duration::ZERO));
            filled.push(length);
        }
        let (short, long) = (ModulusLength::Bits2048, ModulusLength::Bits4096);
        assert_eq!(filled, [short, long, short, long, short]);
        assert!(Stock::new(StockSizes::NONE).unwrap().neediest().is_none());
    }

    #[test]
    fn pairs_that_are_too_old_are_discarded_and_wiped() {
        let mut stock = Stock::new(SIZES).unwrap();
        for second in 1..=3 {
            assert!(stock.put(ModulusLength::Bits2048, &pair(0xA0 + second), Duration::from_secs(second.into())));
        }
        assert!(stock.put(ModulusLength::Bits4096, &pair(0xB1), Duration::from_secs(1)));
        assert_eq!(stock.discard_made_before(Duration::from_secs(3)), 3);
        assert!(stock.pools.get(ModulusLength::Bits4096).is_wiped());
        assert!(!stock.pools.get(ModulusLength::Bits2048).is_wiped(), "`is_wiped` sees a pair that is there");
        assert_eq!(numbers(&mut stock, ModulusLength::Bits2048), [0xA3]);
        assert!(stock.pools.get(ModulusLength::Bits2048).is_wiped(), "slots of pairs that were taken are wiped, too");
        assert_eq!(stock.discard_all(), 0);
    }

    #[test]
    fn a_pair_too_long_for_its_slot_is_refused() {
        let mut stock = Stock::new(SIZES).unwrap();
        let long = Pair { public_key: vec![1; 294], private_key: SecretBytes::new(vec![1; 4000]) };
        assert!(!stock.put(ModulusLength::Bits2048, &long, Duration::ZERO));
        assert_eq!(stock.level(ModulusLength::Bits2048), 0);
    }

    #[test]
    fn a_stock_too_large_for_memory_is_refused() {
        let sizes = StockSizes { rsa_2048: usize::MAX, ..StockSizes::NONE };
        assert_eq!(Stock::new(sizes).err(), Some(KeygenError::NoMemory));
    }
}
