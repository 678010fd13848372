//! Watching: the change table read in order, woken by the writer.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::read::Readers;
use crate::contract::{Change, Revision, Watch};
use crate::error::StoreError;

/// Wakes watchers after a commit.
#[derive(Default)]
pub(super) struct News {
    commits: Mutex<u64>,
    changed: Condvar,
}

impl News {
    pub(super) fn announce(&self) {
        *self.commits.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    fn count(&self) -> u64 {
        *self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_past(&self, seen: u64, timeout: Duration) {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_timeout_while(commits, timeout, |commits| *commits <= seen));
    }
}

pub(super) struct SqliteWatch {
    readers: Arc<Readers>,
    news: Arc<News>,
    prefix: Vec<u8>,
    from: Revision,
    /// Place in the change table of the last change that was given.
    place: i64,
}

impl SqliteWatch {
    pub(super) fn new(readers: Arc<Readers>, news: Arc<News>, prefix: &[u8], from: Revision) -> Self {
        Self { readers, news, prefix: prefix.to_vec(), from, place: 0 }
    }
}

impl Watch for SqliteWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<Change>, StoreError> {
        let until = Instant::now() + timeout;
        loop {
            let seen = self.news.count();
            if let Some((place, change)) = self.readers.change_after(&self.prefix, self.place, self.from)?? {
                self.place = place;
                // The rest of this revision is found by its place; earlier revisions are done with.
                self.from = self.from.max(Revision(change.revision.0.saturating_sub(1)));
                return Ok(Some(change));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.news.wait_past(seen, left);
        }
    }
}
