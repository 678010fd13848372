//! When the open file is recovered: after a read, a commit or a check met damage; what came of it is told to whoever asks.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::presence::Presence;
use super::read::Readers;
use super::{open, recover};
use crate::contract::{Condition, Recovered};
use crate::error::StoreError;

/// How long after a recovery, whatever came of it, none is tried: a disk that goes on damaging would use up the names of
/// damaged files at once.
const PAUSE: Duration = Duration::from_secs(60);

/// What is known of damage, shared by the engine and its writer.
#[derive(Default)]
pub(super) struct Known(Mutex<Condition>);

impl Known {
    pub(super) fn condition(&self) -> Condition {
        self.lock().clone()
    }

    pub(super) fn note(&self, outcome: Result<Recovered, StoreError>) {
        let mut condition = self.lock();
        match outcome {
            Ok(recovered) => {
                let kept = recovered.kept.display();
                tracing::error!(lost = recovered.lost, %kept, "the store's file was damaged and was recovered");
                condition.recovered.push(recovered);
                condition.damage = None;
            }
            Err(error) => {
                let text = error.to_string();
                // Once, not at every attempt.
                if condition.damage.as_ref() != Some(&text) {
                    tracing::error!(%error, "the store's file is damaged; what lies on sound pages is served");
                }
                condition.damage = Some(text);
            }
        }
    }

    pub(super) fn note_log(&self, told: String) {
        self.lock().log = Some(told);
    }

    fn lock(&self) -> MutexGuard<'_, Condition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces the file under the writer. Only the writer's thread does.
pub(super) struct Repair {
    directory: PathBuf,
    readers: Arc<Readers>,
    known: Arc<Known>,
    not_before: Option<Instant>,
}

/// The writer's connection to the new file, or to the old one when nothing came of it.
pub(super) struct Reopened {
    pub(super) connection: Connection,
    pub(super) presence: Presence,
}

impl Repair {
    pub(super) fn new(directory: PathBuf, readers: Arc<Readers>, known: Arc<Known>) -> Self {
        Self { directory, readers, known, not_before: None }
    }

    pub(super) fn generation(&self) -> u64 {
        self.readers.generation()
    }

    /// Closes the read connections, for an end at which the writer's is the last: only that one may fold the write-ahead log
    /// into the file and remove it.
    pub(super) fn close_readers(&self) {
        self.readers.close_idle();
    }

    /// What an error of the writer's connection means, which is in no transaction.
    pub(super) fn judged(&self, error: &rusqlite::Error) -> StoreError {
        self.readers.judged(error)
    }

    /// Whether the last recovery is too short ago.
    pub(super) fn must_pause(&self) -> bool {
        self.not_before.is_some_and(|not_before| Instant::now() < not_before)
    }

    /// Closes `connection`, recovers the file and opens it again. Whether it was recovered, and the new connection.
    pub(super) fn run(&mut self, connection: Connection) -> (bool, Result<Reopened, StoreError>) {
        let (directory, readers) = (self.directory.clone(), Arc::clone(&self.readers));
        readers.without_connections(|| {
            // The last to close folds the log into the file and removes it.
            drop(connection);
            let outcome = recover::recover(&directory);
            let is_recovered = outcome.is_ok();
            self.not_before = Some(Instant::now() + PAUSE);
            self.known.note(outcome);
            (is_recovered, self.reopen())
        })
    }

    fn reopen(&self) -> Result<Reopened, StoreError> {
        let connection = open::writable(&self.directory)?;
        Ok(Reopened { connection, presence: Presence::of(&open::file(&self.directory))? })
    }
}
