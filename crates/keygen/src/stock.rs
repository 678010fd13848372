//! The stock: ready RSA pairs in locked pages, oldest first out, each leaving at most once.
//!
//! Plain data under its owner's lock; who fills it and when is decided elsewhere (`generator`).

mod shelf;
pub(crate) mod witness;

use std::time::Duration;

use claviger_crypto::rsa::ModulusLength;

use crate::error::KeygenError;
use crate::generator::StockSizes;
use crate::length::{LENGTHS, PerLength};
use crate::pair::Pair;
use shelf::Shelf;

/// Ready pairs of every length.
#[derive(Debug)]
pub(crate) struct Stock {
    shelves: PerLength<Shelf>,
}

impl Stock {
    /// An empty stock with room for so many.
    pub(crate) fn new(sizes: StockSizes) -> Result<Self, KeygenError> {
        Ok(Self { shelves: PerLength::try_new(|length| Shelf::new(length, sizes.of(length)))? })
    }

    /// Whether all of it stays out of swap space.
    pub(crate) fn is_locked(&self) -> bool {
        LENGTHS.iter().all(|length| self.shelves.get(*length).is_locked())
    }

    /// Puts a copy of a pair made at `made_at` in, if there is room for it; whether there was. The pair itself is the
    /// caller's to wipe: not here, where the owner's lock is held and the allocator may make it wait for others.
    #[must_use]
    pub(crate) fn put(&mut self, length: ModulusLength, pair: &Pair, made_at: Duration) -> bool {
        self.shelves.get_mut(length).put(pair, made_at)
    }

    /// Takes the oldest pair out, and says when it was made.
    pub(crate) fn take(&mut self, length: ModulusLength) -> Option<(Pair, Duration)> {
        self.shelves.get_mut(length).take()
    }

    /// Pairs that are ready.
    pub(crate) fn level(&self, length: ModulusLength) -> usize {
        self.shelves.get(length).level()
    }

    /// Pairs there is room for.
    pub(crate) fn capacity(&self, length: ModulusLength) -> usize {
        self.shelves.get(length).capacity()
    }

    /// The length whose part of the stock is emptiest, unless all is full.
    pub(crate) fn neediest(&self) -> Option<ModulusLength> {
        let share = |length: &ModulusLength| self.level(*length) as f64 / self.capacity(*length) as f64;
        let lacking = LENGTHS.into_iter().filter(|length| self.level(*length) < self.capacity(*length));
        lacking.min_by(|one, other| share(one).total_cmp(&share(other)))
    }

    /// Wipes what was made before `moment`; how many that were.
    pub(crate) fn discard_made_before(&mut self, moment: Duration) -> usize {
        LENGTHS.iter().map(|length| self.shelves.get_mut(*length).discard_made_before(moment)).sum()
    }

    /// Wipes everything; how many that were.
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

    /// What README and docs/security.md say of locked memory.
    #[test]
    fn the_default_stock_takes_five_megabytes() {
        let stock = Stock::new(StockSizes::SERVER).unwrap();
        let bytes: usize = LENGTHS.iter().map(|length| stock.shelves.get(*length).bytes()).sum();
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
    fn oldest_first_and_no_more_than_fit() {
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
        let mut order = Vec::new();
        while let Some(length) = stock.neediest() {
            assert!(stock.put(length, &pair(1), Duration::ZERO));
            order.push(length);
        }
        let (short, long) = (ModulusLength::Bits2048, ModulusLength::Bits4096);
        assert_eq!(order, [short, long, short, long, short]);
        assert!(Stock::new(StockSizes::NONE).unwrap().neediest().is_none());
    }

    #[test]
    fn what_is_too_old_is_discarded_and_wiped() {
        let mut stock = Stock::new(SIZES).unwrap();
        for second in 1..=3 {
            assert!(stock.put(ModulusLength::Bits2048, &pair(0xA0 + second), Duration::from_secs(second.into())));
        }
        assert!(stock.put(ModulusLength::Bits4096, &pair(0xB1), Duration::from_secs(1)));
        assert_eq!(stock.discard_made_before(Duration::from_secs(3)), 3);
        assert!(stock.shelves.get(ModulusLength::Bits4096).is_wiped());
        assert!(!stock.shelves.get(ModulusLength::Bits2048).is_wiped(), "the search finds what is there");
        assert_eq!(numbers(&mut stock, ModulusLength::Bits2048), [0xA3]);
        assert!(stock.shelves.get(ModulusLength::Bits2048).is_wiped(), "what was taken is wiped, too");
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
    fn a_stock_nobody_has_memory_for_is_refused() {
        let sizes = StockSizes { rsa_2048: usize::MAX, ..StockSizes::NONE };
        assert_eq!(Stock::new(sizes).err(), Some(KeygenError::NoMemory));
    }
}
