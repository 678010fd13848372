//! A bounded, read-through cache in memory of one kind of record.
//!
//! **Invariant:** the cache never returns anything older than the last change that was made known to it with
//! [`Cache::forget`] or [`Cache::clear`]. A read that overlaps such a call is repeated.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::error::ServiceError;
use crate::retry::retry_on_conflict;

/// The entries by id. The least recently used ones make room for new ones.
pub(crate) struct Cache<K: Hash + Eq, V> {
    entries: Mutex<LruCache<K, Arc<V>>>,
    changes: AtomicU64,
}

impl<K: Hash + Eq, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static, V: Send + Sync + 'static> Cache<K, V> {
    /// An empty cache for at most `capacity` entries.
    pub(crate) fn new(capacity: NonZeroUsize) -> Self {
        Self { entries: Mutex::new(LruCache::new(capacity)), changes: AtomicU64::new(0) }
    }

    /// The entry, if it is cached. Counts as a use.
    pub(crate) fn cached(&self, id: &K) -> Option<Arc<V>> {
        self.lock().get(id).cloned()
    }

    /// The entry from the cache, or else from `load`, which may block and therefore runs on a blocking thread.
    ///
    /// # Errors
    /// As [`Cache::load`].
    pub(crate) async fn get_or_load<F>(self: &Arc<Self>, id: &K, load: F) -> Result<Option<Arc<V>>, ServiceError>
    where
        F: FnMut(&K) -> Result<Option<V>, ServiceError> + Send + 'static,
    {
        if let Some(entry) = self.cached(id) {
            return Ok(Some(entry));
        }
        let (cache, id) = (Arc::clone(self), id.clone());
        let loading = tokio::task::spawn_blocking(move || cache.load(&id, load));
        loading.await.map_err(|_panicked| ServiceError::Bug("a cache load panicked"))?
    }

    /// The entry from the cache, or else from `load`, on this thread.
    ///
    /// # Errors
    /// Those of `load`; [`ServiceError::Contention`] when every one of its reads overlapped a change.
    pub(crate) fn load<F>(&self, id: &K, mut load: F) -> Result<Option<Arc<V>>, ServiceError>
    where
        F: FnMut(&K) -> Result<Option<V>, ServiceError>,
    {
        retry_on_conflict(|| {
            if let Some(entry) = self.cached(id) {
                return Ok(Some(Some(entry)));
            }
            let changes_before = self.changes.load(Ordering::SeqCst);
            let loaded = load(id)?.map(Arc::new);
            let mut entries = self.lock();
            // A change of any entry repeats the read: changes wait for the disk and reads take microseconds, so the two
            // rarely overlap.
            if self.changes.load(Ordering::SeqCst) != changes_before {
                return Ok(None);
            }
            if let Some(entry) = &loaded {
                entries.put(id.clone(), Arc::clone(entry));
            }
            Ok(Some(loaded))
        })
    }

    /// Drops the entry because its record changed. Loads that began earlier read again.
    pub(crate) fn forget(&self, id: &K) {
        let mut entries = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        entries.pop(id);
    }

    /// Drops every entry, after a change on which several may depend. Loads that began earlier read again.
    pub(crate) fn clear(&self) {
        let mut entries = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        entries.clear();
    }

    /// A poisoned lock is harmless: no code that runs under it leaves an entry half written.
    fn lock(&self) -> MutexGuard<'_, LruCache<K, Arc<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(capacity: usize) -> Cache<u32, String> {
        Cache::new(NonZeroUsize::new(capacity).unwrap())
    }

    #[test]
    fn loads_once_until_the_entry_is_forgotten() {
        let cache = cache(2);
        let value = |text: &'static str| move |_: &u32| Ok(Some(text.to_owned()));
        assert_eq!(*cache.load(&1, value("a")).unwrap().unwrap(), "a");
        assert_eq!(*cache.load(&1, value("b")).unwrap().unwrap(), "a");
        cache.forget(&1);
        assert_eq!(*cache.load(&1, value("b")).unwrap().unwrap(), "b");
    }

    /// Loads from a store with a single value. `change` replaces the value right after the first read, so that this read is
    /// stale.
    fn overlapped(cache: &Cache<u32, String>, change: impl Fn(&mut Option<String>)) -> Option<Arc<String>> {
        let (mut stored, mut reads) = (Some("before".to_owned()), 0);
        let loaded = cache.load(&1, |id| {
            let read = stored.clone();
            reads += 1;
            if reads == 1 {
                change(&mut stored);
                if stored.is_some() { cache.forget(id) } else { cache.clear() }
            }
            Ok(read)
        });
        assert_eq!(reads, 2);
        loaded.unwrap()
    }

    #[test]
    fn a_load_that_overlaps_a_change_reads_again() {
        let cache = cache(2);
        let loaded = overlapped(&cache, |stored| *stored = Some("after".to_owned()));
        assert_eq!(*loaded.unwrap(), "after");
        assert_eq!(*cache.cached(&1).unwrap(), "after");
    }

    #[test]
    fn a_load_that_overlaps_a_removal_finds_nothing() {
        let cache = cache(2);
        assert!(overlapped(&cache, |stored| *stored = None).is_none());
        assert!(cache.cached(&1).is_none());
    }

    #[test]
    fn a_load_that_overlaps_a_creation_reads_again() {
        let (cache, mut is_there) = (cache(2), false);
        let loaded = cache.load(&1, |id| {
            let read = is_there.then(|| "made".to_owned());
            if !is_there {
                is_there = true;
                cache.forget(id);
            }
            Ok(read)
        });
        assert_eq!(*loaded.unwrap().unwrap(), "made");
    }

    #[test]
    fn endless_changes_end_in_a_refusal_and_nothing_stale_is_kept() {
        let (cache, mut reads) = (cache(2), 0);
        let refused = cache.load(&1, |_| {
            reads += 1;
            // A change of another entry counts, too, because the cache does not track which entry changed.
            cache.forget(&2);
            Ok(Some("stale".to_owned()))
        });
        assert!(matches!(refused, Err(ServiceError::Contention)));
        assert_eq!(reads, crate::retry::ATTEMPTS_MAX);
        assert!(cache.cached(&1).is_none());
    }

    #[test]
    fn absence_is_not_cached() {
        let cache = cache(2);
        assert!(cache.load(&1, |_| Ok(None)).unwrap().is_none());
        assert!(cache.load(&1, |_| Ok(Some("now".to_owned()))).unwrap().is_some());
    }

    #[test]
    fn is_bounded() {
        let cache = cache(2);
        for id in 0..100 {
            cache.load(&id, |id| Ok(Some(id.to_string()))).unwrap();
        }
        assert_eq!(cache.lock().len(), 2);
    }
}
