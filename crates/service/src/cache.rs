//! A bounded cache of what the hot path reads: keys, aliases, unsealed key versions, prepared client keys, access keys.
//!
//! **Invariant:** an entry is never older than the last change this process made. Every change calls
//! [`Shelf::forget`] after its commit, and a load that overlapped a change is used once but not kept.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::error::ServiceError;

/// One kind of cached thing, by its id. Recently used entries stay.
pub(crate) struct Shelf<K: Hash + Eq, V> {
    entries: Mutex<LruCache<K, Arc<V>>>,
    changes: AtomicU64,
}

impl<K: Hash + Eq, V> fmt::Debug for Shelf<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static, V: Send + Sync + 'static> Shelf<K, V> {
    /// An empty shelf for at most `capacity` entries.
    pub(crate) fn new(capacity: NonZeroUsize) -> Self {
        Self { entries: Mutex::new(LruCache::new(capacity)), changes: AtomicU64::new(0) }
    }

    /// The entry, if it is here.
    pub(crate) fn peek(&self, id: &K) -> Option<Arc<V>> {
        self.lock().get(id).cloned()
    }

    /// The entry, from here or from `load`, which may block and so runs on a blocking thread.
    pub(crate) async fn get_or_load<F>(self: &Arc<Self>, id: &K, load: F) -> Result<Option<Arc<V>>, ServiceError>
    where
        F: FnOnce(&K) -> Result<Option<V>, ServiceError> + Send + 'static,
    {
        if let Some(entry) = self.peek(id) {
            return Ok(Some(entry));
        }
        let (shelf, id) = (Arc::clone(self), id.clone());
        let loading = tokio::task::spawn_blocking(move || shelf.load(&id, load));
        loading.await.map_err(|_panicked| ServiceError::Bug("a cache load panicked"))?
    }

    /// The entry, from here or from `load`, on this thread.
    pub(crate) fn load<F>(&self, id: &K, load: F) -> Result<Option<Arc<V>>, ServiceError>
    where
        F: FnOnce(&K) -> Result<Option<V>, ServiceError>,
    {
        if let Some(entry) = self.peek(id) {
            return Ok(Some(entry));
        }
        let changes_before = self.changes.load(Ordering::SeqCst);
        let Some(entry) = load(id)?.map(Arc::new) else { return Ok(None) };
        let mut entries = self.lock();
        if self.changes.load(Ordering::SeqCst) == changes_before {
            entries.put(id.clone(), Arc::clone(&entry));
        }
        Ok(Some(entry))
    }

    /// Drops the entry after a change; loads that began before it will not be kept.
    pub(crate) fn forget(&self, id: &K) {
        let mut entries = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        entries.pop(id);
    }

    /// Drops every entry after a change that several may depend on.
    pub(crate) fn forget_all(&self) {
        let mut entries = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        entries.clear();
    }

    /// A panic while the lock was held cannot have left a half-made entry: `LruCache` calls no foreign code.
    fn lock(&self) -> MutexGuard<'_, LruCache<K, Arc<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(capacity: usize) -> Shelf<u32, String> {
        Shelf::new(NonZeroUsize::new(capacity).unwrap())
    }

    #[test]
    fn loads_once_and_forgets() {
        let shelf = shelf(2);
        let value = |text: &'static str| move |_: &u32| Ok(Some(text.to_owned()));
        assert_eq!(*shelf.load(&1, value("a")).unwrap().unwrap(), "a");
        assert_eq!(*shelf.load(&1, value("b")).unwrap().unwrap(), "a");
        shelf.forget(&1);
        assert_eq!(*shelf.load(&1, value("b")).unwrap().unwrap(), "b");
    }

    #[test]
    fn a_load_that_overlaps_a_change_is_not_kept() {
        let shelf = shelf(2);
        let stale = shelf.load(&1, |id| {
            shelf.forget(id);
            Ok(Some("stale".to_owned()))
        });
        assert_eq!(*stale.unwrap().unwrap(), "stale");
        assert!(shelf.peek(&1).is_none());
    }

    #[test]
    fn what_is_absent_is_asked_for_again() {
        let shelf = shelf(2);
        assert!(shelf.load(&1, |_| Ok(None)).unwrap().is_none());
        assert!(shelf.load(&1, |_| Ok(Some("now".to_owned()))).unwrap().is_some());
    }

    #[test]
    fn is_bounded() {
        let shelf = shelf(2);
        for id in 0..100 {
            shelf.load(&id, |id| Ok(Some(id.to_string()))).unwrap();
        }
        assert_eq!(shelf.lock().len(), 2);
    }
}
