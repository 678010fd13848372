//! The pool: ready pairs of one modulus length in slots of equal size in locked pages, so that a pair takes hardly more memory
//! than its two encoded keys.
//!
//! A slot holds the lengths of both keys (two bytes each), the private key and the public key. It is wiped when its pair
//! leaves.

use std::collections::VecDeque;
use std::time::Duration;

use claviger_base::SecretBytes;
use claviger_crypto::rsa::ModulusLength;
use zeroize::Zeroize;

use crate::error::KeygenError;
use crate::locked::LockedPages;
use crate::pair::Pair;

/// The two lengths that precede the keys.
const HEADER_BYTES: usize = 4;

/// Size of a slot: the header and the longest PKCS#8 and SubjectPublicKeyInfo of this length (every number with its leading
/// zero), rounded up to a multiple of 16.
const fn slot_bytes(length: ModulusLength) -> usize {
    let longest = match length {
        ModulusLength::Bits2048 => 1220 + 294,
        ModulusLength::Bits3072 => 1801 + 422,
        ModulusLength::Bits4096 => 2377 + 550,
    };
    (HEADER_BYTES + longest).next_multiple_of(16)
}

/// A ready pair.
#[derive(Debug)]
struct Ready {
    slot: usize,
    made_at: Duration,
}

#[derive(Debug)]
pub(super) struct PairPool {
    pages: LockedPages,
    slot_bytes: usize,
    /// Oldest first.
    ready: VecDeque<Ready>,
    free: Vec<usize>,
}

impl PairPool {
    pub(super) fn new(length: ModulusLength, capacity: usize) -> Result<Self, KeygenError> {
        let slot_bytes = slot_bytes(length);
        let len = slot_bytes.checked_mul(capacity).ok_or(KeygenError::NoMemory)?;
        let pages = LockedPages::new(len).map_err(|_refused| KeygenError::NoMemory)?;
        Ok(Self { pages, slot_bytes, ready: VecDeque::with_capacity(capacity), free: (0..capacity).rev().collect() })
    }

    pub(super) const fn is_locked(&self) -> bool {
        self.pages.is_locked()
    }

    /// Size of its pages in bytes.
    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn level(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.ready.len() + self.free.len()
    }

    pub(super) fn put(&mut self, pair: &Pair, made_at: Duration) -> bool {
        let Some(slot) = self.free.pop() else { return false };
        if write(self.slot_mut(slot), pair).is_none() {
            self.free.push(slot);
            return false;
        }
        // A pair that came back may be older than pairs that are already here, and must leave before them.
        let place = self.ready.partition_point(|ready| ready.made_at <= made_at);
        self.ready.insert(place, Ready { slot, made_at });
        true
    }

    pub(super) fn take(&mut self) -> Option<(Pair, Duration)> {
        let Ready { slot, made_at } = self.ready.pop_front()?;
        let bytes = self.slot_mut(slot);
        let pair = read(bytes);
        bytes.zeroize();
        self.free.push(slot);
        pair.map(|pair| (pair, made_at))
    }

    pub(super) fn discard_made_before(&mut self, moment: Duration) -> usize {
        let count = self.ready.partition_point(|ready| ready.made_at < moment);
        let slots: Vec<usize> = self.ready.drain(..count).map(|ready| ready.slot).collect();
        for slot in slots {
            self.slot_mut(slot).zeroize();
            self.free.push(slot);
        }
        count
    }

    fn slot_mut(&mut self, slot: usize) -> &mut [u8] {
        let start = slot * self.slot_bytes;
        // Slot numbers are below the capacity, for which the pages are large enough.
        self.pages.bytes_mut().get_mut(start..start + self.slot_bytes).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn is_wiped(&self) -> bool {
        self.pages.bytes().iter().all(|byte| *byte == 0)
    }
}

/// Writes the pair into a slot; `None`, with nothing written, if it is too long.
fn write(slot: &mut [u8], pair: &Pair) -> Option<()> {
    let (private_key, public_key) = (pair.private_key.reveal(), pair.public_key.as_slice());
    let head = [u16::try_from(private_key.len()).ok()?, u16::try_from(public_key.len()).ok()?];
    let (lengths, keys) = slot.split_at_mut_checked(HEADER_BYTES)?;
    let keys = keys.get_mut(..private_key.len() + public_key.len())?;
    let (private_place, public_place) = keys.split_at_mut_checked(private_key.len())?;
    private_place.copy_from_slice(private_key);
    public_place.copy_from_slice(public_key);
    lengths.iter_mut().zip(head.into_iter().flat_map(u16::to_le_bytes)).for_each(|(place, byte)| *place = byte);
    Some(())
}

/// Reads a slot that `write` wrote.
fn read(slot: &[u8]) -> Option<Pair> {
    let (private_len, rest) = slot.split_first_chunk::<2>()?;
    let (public_len, keys) = rest.split_first_chunk::<2>()?;
    let (private_key, rest) = keys.split_at_checked(u16::from_le_bytes(*private_len).into())?;
    let public_key = rest.get(..u16::from_le_bytes(*public_len).into())?;
    Some(Pair { public_key: public_key.to_vec(), private_key: SecretBytes::copy_from(private_key) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use claviger_primes::{Engine, EngineKind};

    /// The slots are large enough for what the engines make, and waste little.
    #[test]
    fn real_pairs_fit_closely() {
        for length in crate::length::LENGTHS {
            let mut engine = Engine::new(EngineKind::Auto, length).unwrap();
            let pair = Pair::from(engine.next_key(&mut || true).unwrap().unwrap());
            let bytes = pair.public_key.len() + pair.private_key.len();
            let mut pool = PairPool::new(length, 1).unwrap();
            assert!(pool.put(&pair, Duration::ZERO));
            assert_eq!(pool.take().unwrap().0.private_key.reveal(), pair.private_key.reveal());
            assert!(slot_bytes(length) - bytes < 40, "{length:?}: {bytes} of {}", slot_bytes(length));
        }
    }
}
