//! Counts how often each key version seals, and enforces the limit of NIST SP 800-38D section 8.3: 2^32 random initialization
//! vectors per key.
//!
//! Uses are reserved in the store in blocks and taken from memory one by one, so that a request costs no write.
//! **Invariant:** the store never has fewer uses reserved than were made. A crash, or a counter that is evicted from memory,
//! loses the rest of its block, so the count may be too high, never too low.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{KeyMaterial, KeyVersion};
use claviger_vault::{Audit, IvUses, Outcome, RecordChange, Vault};
use lru::LruCache;

use crate::error::ServiceError;
use crate::retry::retry_on_conflict;

/// Counters kept in memory: some 10 MB. An evicted one loses the rest of its block.
const COUNTERS_MAX: usize = 65_536;

/// How often one key version may seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IvLimits {
    /// The maximum number of uses of one version.
    pub uses_max: u64,
    /// Uses reserved by one write to the store.
    pub block: u64,
}

impl Default for IvLimits {
    /// 2^32, the limit of SP 800-38D for random 96-bit vectors, in blocks of 2^16.
    fn default() -> Self {
        Self { uses_max: 1 << 32, block: 1 << 16 }
    }
}

/// The counters of the versions that sealed last.
#[derive(Debug)]
pub(crate) struct IvLedger {
    vault: Arc<Vault>,
    limits: IvLimits,
    counters: Mutex<LruCache<KeyVersionId, Arc<Counter>>>,
    /// How many of the versions that sealed since the start have passed half of the limit.
    past_half: AtomicU64,
    /// Versions that approach the limit. The scheduler rotates their keys, if those rotate automatically.
    nearly_exhausted: Mutex<Vec<(KeyId, KeyVersionId)>>,
}

/// The uses `next..reserved` are reserved but not taken.
#[derive(Debug, Default)]
struct Counter {
    next: AtomicU64,
    reserved: AtomicU64,
    is_past_half: AtomicBool,
    reserving: tokio::sync::Mutex<()>,
}

impl Counter {
    fn take(&self) -> bool {
        let reserved = self.reserved.load(Ordering::Acquire);
        let one_more = |next: u64| (next < reserved).then_some(next + 1);
        self.next.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
    }
}

impl IvLedger {
    pub(crate) fn new(vault: Arc<Vault>, limits: IvLimits) -> Self {
        let capacity = NonZeroUsize::new(COUNTERS_MAX).unwrap_or(NonZeroUsize::MIN);
        let counters = Mutex::new(LruCache::new(capacity));
        Self { vault, limits, counters, past_half: AtomicU64::new(0), nearly_exhausted: Mutex::default() }
    }

    /// Counts one use of `version`, before it seals.
    ///
    /// # Errors
    /// [`ServiceError::KeyVersionExhausted`] at the limit; when the store cannot reserve.
    pub(crate) async fn count(&self, version: &KeyVersion) -> Result<(), ServiceError> {
        let counter = self.counter(&version.id);
        loop {
            if counter.take() {
                return Ok(());
            }
            let _only_one_reserves = counter.reserving.lock().await;
            if counter.take() {
                return Ok(());
            }
            let (vault, limits, id) = (Arc::clone(&self.vault), self.limits, version.id.clone());
            let reserving = tokio::task::spawn_blocking(move || reserve(&vault, limits, &id));
            let reserved = reserving.await.map_err(|_panicked| ServiceError::Bug("a reservation panicked"))?;
            let block = reserved.inspect_err(|error| self.note_unreadable_count(version, error))?;
            self.note_progress(version, &counter, block.end);
            // The start is stored first: no use of the new block can be taken until its end is stored, too.
            counter.next.store(block.start, Ordering::Release);
            counter.reserved.store(block.end, Ordering::Release);
        }
    }

    /// How many of the versions that sealed since the start have passed half of the limit.
    pub(crate) fn past_half(&self) -> u64 {
        self.past_half.load(Ordering::Relaxed)
    }

    /// Key versions that approach the limit, with their keys. Each is returned once per block.
    pub(crate) fn take_nearly_exhausted(&self) -> Vec<(KeyId, KeyVersionId)> {
        std::mem::take(&mut *self.nearly_exhausted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Drops the counter of a version whose material was written or destroyed; the rest of its block is lost.
    pub(crate) fn apply(&self, change: &RecordChange) {
        if let Some(version) = change.id::<KeyMaterial>() {
            self.lock().pop(&version);
        }
    }

    fn counter(&self, version: &KeyVersionId) -> Arc<Counter> {
        Arc::clone(self.lock().get_or_insert(version.clone(), Arc::default))
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<KeyVersionId, Arc<Counter>>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A version whose count cannot be read may have reached its limit, so it seals no more. If its key rotates automatically,
    /// a new version takes over at once.
    fn note_unreadable_count(&self, version: &KeyVersion, error: &ServiceError) {
        if matches!(error, ServiceError::Vault(error) if error.is_unreadable()) {
            self.note_nearly_exhausted(version);
        }
    }

    fn note_nearly_exhausted(&self, version: &KeyVersion) {
        let version = (version.key.clone(), version.id.clone());
        self.nearly_exhausted.lock().unwrap_or_else(PoisonError::into_inner).push(version);
    }

    fn note_progress(&self, version: &KeyVersion, counter: &Counter, reserved: u64) {
        let limit = self.limits.uses_max;
        if reserved > limit / 2 && !counter.is_past_half.swap(true, Ordering::Relaxed) {
            self.past_half.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(version = %version.id, reserved, limit, "a key version passed half of the encryptions that it may make");
        }
        if reserved > limit - limit / 4 {
            self.note_nearly_exhausted(version);
        }
    }
}

/// Reserves the next block of `version`, durably. Blocks.
fn reserve(vault: &Vault, limits: IvLimits, version: &KeyVersionId) -> Result<std::ops::Range<u64>, ServiceError> {
    retry_on_conflict(|| {
        // Requires the material to be unchanged, because a destroyed version must leave no count behind.
        let material = vault.get::<KeyMaterial>(version)?.ok_or(ServiceError::KeyNotFound)?;
        let stored = vault.get::<IvUses>(version)?;
        let start = stored.as_ref().map_or(0, |stored| stored.record.reserved);
        if start >= limits.uses_max {
            return Err(ServiceError::KeyVersionExhausted);
        }
        let end = start.saturating_add(limits.block.max(1)).min(limits.uses_max);
        let record = IvUses { version: version.clone(), reserved: end };
        let change = match &stored {
            None => vault.change().create(&record)?,
            Some(stored) => vault.change().update(stored, &record)?,
        };
        let outcome = change.require(&material).commit(Audit::NoRecord("a reservation is no change"))?;
        Ok(matches!(outcome, Outcome::Done(_)).then_some(start..end))
    })
}

#[cfg(test)]
mod tests {
    use claviger_base::{SecretBytes, Timestamp};
    use claviger_model::KeyMaterial;
    use claviger_store::MemoryEngine;
    use claviger_vault::FileSeal;

    use super::*;

    fn version(vault: &Vault) -> KeyVersion {
        let key = KeyId::generate().unwrap();
        let id = KeyVersionId::generate(&key).unwrap();
        let version = KeyVersion { id, key, number: 1, created: Timestamp::default() };
        vault.change().create(&stored(&version)).unwrap().commit(Audit::NoRecord("a test")).unwrap();
        version
    }

    fn stored(version: &KeyVersion) -> KeyMaterial {
        KeyMaterial { version: version.clone(), material: SecretBytes::new(vec![7; 32]) }
    }

    fn vault() -> Arc<Vault> {
        let dir = tempfile::tempdir().unwrap();
        let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
        Arc::new(Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap())
    }

    fn reserved(vault: &Vault, version: &KeyVersion) -> u64 {
        vault.get::<IvUses>(&version.id).unwrap().map_or(0, |stored| stored.record.reserved)
    }

    #[tokio::test]
    async fn counting_writes_once_per_block() {
        let vault = vault();
        let version = version(&vault);
        let ledger = IvLedger::new(Arc::clone(&vault), IvLimits { uses_max: 1000, block: 10 });
        for used in 1..=30_u64 {
            ledger.count(&version).await.unwrap();
            assert_eq!(reserved(&vault, &version), used.div_ceil(10) * 10);
        }
    }

    #[tokio::test]
    async fn exactly_the_limit_is_served_and_a_crash_only_makes_the_count_too_high() {
        let vault = vault();
        let version = version(&vault);
        let limits = IvLimits { uses_max: 25, block: 10 };
        let ledger = IvLedger::new(Arc::clone(&vault), limits);
        for _ in 0..3 {
            ledger.count(&version).await.unwrap();
        }
        // A new ledger over the same store simulates a restart after a crash: 7 uses of the first block are lost.
        let ledger = IvLedger::new(Arc::clone(&vault), limits);
        for _ in 0..15 {
            ledger.count(&version).await.unwrap();
        }
        for _ in 0..3 {
            assert!(matches!(ledger.count(&version).await, Err(ServiceError::KeyVersionExhausted)));
        }
        assert_eq!(reserved(&vault, &version), 25);
        let other = self::version(&vault);
        ledger.count(&other).await.unwrap();
    }

    #[tokio::test]
    async fn a_warning_comes_at_half_and_a_rotation_at_three_quarters() {
        let vault = vault();
        let version = version(&vault);
        let ledger = IvLedger::new(vault, IvLimits { uses_max: 100, block: 10 });
        let mut reported = Vec::new();
        for used in 1..=100_u64 {
            ledger.count(&version).await.unwrap();
            assert_eq!(ledger.past_half(), u64::from(used > 50), "{used}");
            reported.extend(ledger.take_nearly_exhausted().into_iter().map(|_| used));
        }
        // Blocks that end past 75 begin with the uses 71, 81 and 91.
        assert_eq!(reported, [71, 81, 91]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn racers_get_exactly_the_limit_between_two_nodes() {
        let vault = vault();
        let version = version(&vault);
        let limits = IvLimits { uses_max: 500, block: 7 };
        let nodes = [(); 2].map(|()| Arc::new(IvLedger::new(Arc::clone(&vault), limits)));
        let mut running = tokio::task::JoinSet::new();
        for racer in 0..8 {
            let (ledger, version) = (Arc::clone(&nodes[racer % 2]), version.clone());
            running.spawn(async move {
                let mut served = 0_u64;
                while ledger.count(&version).await.is_ok() {
                    served += 1;
                    tokio::task::yield_now().await;
                }
                served
            });
        }
        let served: u64 = running.join_all().await.into_iter().sum();
        assert_eq!(served, 500);
    }

    #[tokio::test]
    async fn a_version_whose_material_changed_is_read_again() {
        let vault = vault();
        let version = version(&vault);
        let ledger = IvLedger::new(Arc::clone(&vault), IvLimits { uses_max: 1000, block: 10 });
        ledger.count(&version).await.unwrap();
        vault.change().delete(&stored(&version)).changes().iter().for_each(|change| ledger.apply(change));
        ledger.count(&version).await.unwrap();
        assert_eq!(reserved(&vault, &version), 20);
    }

    #[tokio::test]
    async fn a_destroyed_version_is_not_counted_again() {
        let vault = vault();
        let version = version(&vault);
        let ledger = IvLedger::new(Arc::clone(&vault), IvLimits { uses_max: 1000, block: 1 });
        ledger.count(&version).await.unwrap();
        let uses = IvUses { version: version.id.clone(), reserved: 0 };
        vault.change().delete(&stored(&version)).delete(&uses).commit(Audit::NoRecord("a test")).unwrap();
        assert!(matches!(ledger.count(&version).await, Err(ServiceError::KeyNotFound)));
        assert!(vault.get::<IvUses>(&version.id).unwrap().is_none());
    }
}
