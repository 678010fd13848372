//! Records that were repaired since the vault was opened.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The paths of essential records and copies that were damaged or missing and have been restored.
#[derive(Debug, Default)]
pub(crate) struct Repaired(Mutex<BTreeSet<String>>);

impl Repaired {
    pub(crate) fn note(&self, path: &str) {
        tracing::error!(path, "a damaged or missing record of the store was restored");
        self.lock().insert(path.to_owned());
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// A poisoned lock is still used: a panic cannot have left the set inconsistent.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
