//! A bounded cache of what the hot path reads: keys, aliases, unsealed key versions, prepared client keys, access keys.
//!
//! **Invariant:** nothing that leaves here is older than the last change this process has made known. Every change calls
//! [`Shelf::forget`] after its commit, and what was read while one was made known is read again.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::error::ServiceError;
use crate::retry::until_done;

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
    ///
    /// # Errors
    /// As [`Shelf::load`].
    pub(crate) async fn get_or_load<F>(self: &Arc<Self>, id: &K, load: F) -> Result<Option<Arc<V>>, ServiceError>
    where
        F: FnMut(&K) -> Result<Option<V>, ServiceError> + Send + 'static,
    {
        if let Some(entry) = self.peek(id) {
            return Ok(Some(entry));
        }
        let (shelf, id) = (Arc::clone(self), id.clone());
        let loading = tokio::task::spawn_blocking(move || shelf.load(&id, load));
        loading.await.map_err(|_panicked| ServiceError::Bug("a cache load panicked"))?
    }

    /// The entry, from here or from `load`, on this thread.
    ///
    /// # Errors
    /// Those of `load`; [`ServiceError::Contention`] when changes kept being made known while it read.
    pub(crate) fn load<F>(&self, id: &K, mut load: F) -> Result<Option<Arc<V>>, ServiceError>
    where
        F: FnMut(&K) -> Result<Option<V>, ServiceError>,
    {
        until_done(|| {
            if let Some(entry) = self.peek(id) {
                return Ok(Some(Some(entry)));
            }
            let changes_before = self.changes.load(Ordering::SeqCst);
            let loaded = load(id)?.map(Arc::new);
            let mut entries = self.lock();
            // Of anything on the shelf: a change costs a flush to disk and a load takes microseconds, so they seldom meet.
            if self.changes.load(Ordering::SeqCst) != changes_before {
                return Ok(None);
            }
            if let Some(entry) = &loaded {
                entries.put(id.clone(), Arc::clone(entry));
            }
            Ok(Some(loaded))
        })
    }

    /// Drops the entry after a change; loads that began before it read again.
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

    /// A store of one value, changed right after it was first read: the load in the middle has what was before.
    fn overlapped(shelf: &Shelf<u32, String>, change: impl Fn(&mut Option<String>)) -> Option<Arc<String>> {
        let (mut stored, mut reads) = (Some("before".to_owned()), 0);
        let loaded = shelf.load(&1, |id| {
            let read = stored.clone();
            reads += 1;
            if reads == 1 {
                change(&mut stored);
                if stored.is_some() { shelf.forget(id) } else { shelf.forget_all() }
            }
            Ok(read)
        });
        assert_eq!(reads, 2);
        loaded.unwrap()
    }

    #[test]
    fn a_load_that_overlaps_a_change_reads_again() {
        let shelf = shelf(2);
        let loaded = overlapped(&shelf, |stored| *stored = Some("after".to_owned()));
        assert_eq!(*loaded.unwrap(), "after");
        assert_eq!(*shelf.peek(&1).unwrap(), "after");
    }

    #[test]
    fn a_load_that_overlaps_a_removal_finds_nothing() {
        let shelf = shelf(2);
        assert!(overlapped(&shelf, |stored| *stored = None).is_none());
        assert!(shelf.peek(&1).is_none());
    }

    #[test]
    fn absence_is_read_again_too() {
        let (shelf, mut is_there) = (shelf(2), false);
        let loaded = shelf.load(&1, |id| {
            let read = is_there.then(|| "made".to_owned());
            if !is_there {
                is_there = true;
                shelf.forget(id);
            }
            Ok(read)
        });
        assert_eq!(*loaded.unwrap().unwrap(), "made");
    }

    #[test]
    fn changes_without_end_are_refused_and_nothing_stale_is_kept() {
        let (shelf, mut reads) = (shelf(2), 0);
        let refused = shelf.load(&1, |_| {
            reads += 1;
            // Of something else: the shelf does not tell whose change it was.
            shelf.forget(&2);
            Ok(Some("stale".to_owned()))
        });
        assert!(matches!(refused, Err(ServiceError::Contention)));
        assert_eq!(reads, crate::retry::TRIES_MAX);
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
