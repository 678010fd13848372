//! Recovers the file while it is open, after a read, a commit or a check met damage, and keeps the results.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::file_identity::FileIdentity;
use super::read::Readers;
use super::{file_names, open, recover};
use crate::contract::{Condition, Recovered};
use crate::error::StoreError;

/// How long no other recovery is tried after one, successful or not. Otherwise a failing disk would use up the names for damaged
/// files at once.
const PAUSE: Duration = Duration::from_secs(60);

/// The known damage, shared by the engine and its writer.
#[derive(Default)]
pub(super) struct SharedCondition(Mutex<Condition>);

impl SharedCondition {
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
                // Logged once, not at every attempt.
                if condition.damage.as_ref() != Some(&text) {
                    tracing::error!(%error, "the store's file is damaged; records on sound pages are still served");
                }
                condition.damage = Some(text);
            }
        }
    }

    pub(super) fn note_log(&self, message: String) {
        self.lock().log = Some(message);
    }

    fn lock(&self) -> MutexGuard<'_, Condition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Recovers the file. Used by the writer thread only.
pub(super) struct Repair {
    directory: PathBuf,
    readers: Arc<Readers>,
    condition: Arc<SharedCondition>,
    not_before: Option<Instant>,
}

/// The writer's connection to the recovered file, or to the old one if the recovery failed.
pub(super) struct Reopened {
    pub(super) connection: Connection,
    pub(super) file_identity: FileIdentity,
}

impl Repair {
    pub(super) fn new(directory: PathBuf, readers: Arc<Readers>, condition: Arc<SharedCondition>) -> Self {
        Self { directory, readers, condition, not_before: None }
    }

    pub(super) fn generation(&self) -> u64 {
        self.readers.generation()
    }

    /// Closes the read connections, so that the writer's is closed last: only that one may checkpoint the write-ahead log and
    /// remove it.
    pub(super) fn close_readers(&self) {
        self.readers.close_idle();
    }

    /// What an error of the writer's connection means. The connection must not be in a transaction.
    pub(super) fn meaning_of(&self, error: &rusqlite::Error) -> StoreError {
        self.readers.meaning_of(error)
    }

    /// Whether the last recovery was too recent.
    pub(super) fn must_pause(&self) -> bool {
        self.not_before.is_some_and(|not_before| Instant::now() < not_before)
    }

    /// Closes `connection`, recovers the file and opens it again. Returns whether it was recovered, and the new connection.
    pub(super) fn run(&mut self, connection: Connection) -> (bool, Result<Reopened, StoreError>) {
        let (directory, readers) = (self.directory.clone(), Arc::clone(&self.readers));
        readers.without_connections(|| {
            // Closing the last connection checkpoints the log and removes it.
            drop(connection);
            let outcome = recover::recover(&directory);
            let is_recovered = outcome.is_ok();
            self.not_before = Some(Instant::now() + PAUSE);
            self.condition.note(outcome);
            (is_recovered, self.reopen())
        })
    }

    fn reopen(&self) -> Result<Reopened, StoreError> {
        let connection = open::writable(&self.directory)?;
        Ok(Reopened { connection, file_identity: FileIdentity::of(&file_names::store(&self.directory))? })
    }
}
