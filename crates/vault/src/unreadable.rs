//! Records that do not open. Every read notes them here, so that no caller can forget to report one.
//!
//! A record leaves the list when it is read successfully, overwritten, or removed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most paths that are kept; further ones are not counted.
const PATHS_MAX: usize = 10_000;

/// The paths of records that did not open.
#[derive(Debug, Default)]
pub(crate) struct Unreadable {
    paths: Mutex<BTreeSet<String>>,
    /// The length of `paths`, so that reads of a sound store take no lock.
    count: AtomicUsize,
}

impl Unreadable {
    pub(crate) fn note(&self, path: &str) {
        let mut paths = self.lock();
        if paths.len() < PATHS_MAX && paths.insert(path.to_owned()) {
            self.count.store(paths.len(), Ordering::Release);
            tracing::warn!(
                path,
                "a record does not open and is left out: it was altered or damaged; restore it from a backup"
            );
        }
    }

    pub(crate) fn forget(&self, path: &str) {
        if self.count() == 0 {
            return;
        }
        let mut paths = self.lock();
        if paths.remove(path) {
            self.count.store(paths.len(), Ordering::Release);
            tracing::info!(path, "a record that did not open is sound again, or gone");
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    pub(crate) fn first(&self, limit: usize) -> Vec<String> {
        self.lock().iter().take(limit).cloned().collect()
    }

    /// A poisoned lock is still used: a panic cannot have left the set inconsistent.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_once_until_it_is_sound() {
        let unreadable = Unreadable::default();
        unreadable.note("key/a");
        unreadable.note("key/a");
        unreadable.note("alias/b");
        assert_eq!((unreadable.count(), unreadable.first(1)), (2, vec!["alias/b".to_owned()]));
        unreadable.forget("key/a");
        unreadable.forget("key/c");
        assert_eq!((unreadable.count(), unreadable.first(9)), (1, vec!["alias/b".to_owned()]));
    }

    #[test]
    fn is_bounded() {
        let unreadable = Unreadable::default();
        (0..PATHS_MAX + 5).for_each(|n| unreadable.note(&n.to_string()));
        assert_eq!(unreadable.count(), PATHS_MAX);
    }
}
