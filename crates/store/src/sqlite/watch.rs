//! Watching: the table `change`, read in order; the writer wakes waiting watches.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{OptionalExtension, params};

use super::change_kind::ChangeKind;
use super::read::{Readers, revision};
use crate::contract::{Revision, Watch, WatchEvent, prefix_end};
use crate::error::StoreError;

/// Wakes waiting watches after a commit.
#[derive(Default)]
pub(super) struct CommitSignal {
    commits: Mutex<u64>,
    changed: Condvar,
}

impl CommitSignal {
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
    news: Arc<CommitSignal>,
    prefix: Vec<u8>,
    /// Everything up to this revision was returned, or does not have the prefix.
    from: Revision,
    /// The row id of the last change that was returned.
    place: i64,
    poll_interval: Duration,
}

/// The result of a query of the table `change`.
enum Next {
    Found { place: i64, change: WatchEvent },
    Nothing { up_to: Revision },
    Compacted,
}

impl SqliteWatch {
    pub(super) fn new(
        readers: Arc<Readers>,
        news: Arc<CommitSignal>,
        prefix: &[u8],
        from: Revision,
        poll_interval: Duration,
    ) -> Self {
        Self { readers, news, prefix: prefix.to_vec(), from, place: 0, poll_interval }
    }

    fn query(&self) -> Result<Next, StoreError> {
        let from = i64::try_from(self.from.0).unwrap_or(i64::MAX);
        let end = prefix_end(&self.prefix);
        self.readers.with(|connection| {
            // One snapshot for all three queries: history that is trimmed between them would leave an unnoticed gap.
            let snapshot = connection.unchecked_transaction()?;
            let mut counter = snapshot.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
            let compacted = counter.query_row(["compacted"], |row| revision(row, 0))?;
            if compacted > self.from {
                return Ok(Next::Compacted);
            }
            let found = snapshot
                .prepare_cached(NEXT_CHANGE)?
                .query_row(params![from, self.place, self.prefix, end], |row| {
                    let kind: ChangeKind = row.get(2)?;
                    let value = if kind == ChangeKind::Put { row.get(3)? } else { None };
                    Ok(Next::Found {
                        place: row.get(0)?,
                        change: WatchEvent { key: row.get(1)?, value, revision: revision(row, 4)? },
                    })
                })
                .optional()?;
            match found {
                Some(found) => Ok(found),
                None => Ok(Next::Nothing { up_to: counter.query_row(["revision"], |row| revision(row, 0))? }),
            }
        })
    }
}

/// In the order of the index on (revision, id), so that a watch reads only newer changes.
const NEXT_CHANGE: &str = "
    SELECT change.id, change.key, change.kind, record.value, change.revision FROM change
    LEFT JOIN record ON record.key = change.key
    WHERE change.revision > ?1 AND change.id > ?2 AND change.key >= ?3 AND (?4 IS NULL OR change.key < ?4)
    ORDER BY change.revision, change.id LIMIT 1";

impl Watch for SqliteWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<WatchEvent>, StoreError> {
        let begun = Instant::now();
        loop {
            let seen = self.news.count();
            match self.query()? {
                Next::Compacted => return Err(StoreError::Compacted),
                Next::Found { place, change } => {
                    self.place = place;
                    // The rest of this revision is found by row id; earlier revisions are done.
                    self.from = self.from.max(Revision(change.revision.0.saturating_sub(1)));
                    return Ok(Some(change));
                }
                // A watch without changes advances, too; otherwise it would fall behind the trimmed history.
                Next::Nothing { up_to } => self.from = self.from.max(up_to),
            }
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            self.news.wait_past(seen, left.min(self.poll_interval));
        }
    }
}
