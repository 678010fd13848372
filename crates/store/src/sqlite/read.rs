//! Reading: a pool of connections, opened on demand, each used by one caller at a time.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use rusqlite::{Connection, Error, OptionalExtension, Row, params};

use super::error::{opening_error, store_error};
use super::{open, schema};
use crate::contract::{Entry, Revision, VersionedValue, prefix_end};
use crate::error::StoreError;

/// How many idle connections are kept.
const IDLE_MAX: usize = 8;

/// The read connections of one store.
pub(super) struct Readers {
    file: PathBuf,
    /// Whether nobody writes the file, so that it is read without locks.
    is_immutable: bool,
    idle: Mutex<Vec<Connection>>,
    /// Locked for reading by each read, and for writing while the file is replaced.
    file_in_place: RwLock<()>,
    /// How often the file has been replaced.
    generation: AtomicU64,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Self {
        Self {
            file,
            is_immutable: false,
            idle: Mutex::default(),
            file_in_place: RwLock::default(),
            generation: AtomicU64::new(0),
        }
    }

    pub(super) fn of_immutable_file(file: PathBuf) -> Self {
        Self { is_immutable: true, ..Self::new(file) }
    }

    /// Checks that the file opens.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.with(|_| Ok(()))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT value, revision FROM record WHERE key = ?1")?;
            select
                .query_row([key], |row| {
                    let (value, revision) = content(row, 0);
                    Ok(VersionedValue { value, revision })
                })
                .optional()
        })
    }

    pub(super) fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        // The least key greater than `after` is `after` with a zero byte appended.
        let from = match after {
            Some(after) if after >= prefix => [after, &[0]].concat(),
            _ => prefix.to_vec(),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let entry = |row: &Row<'_>| {
            let (value, revision) = content(row, 1);
            Ok(Entry { key: row.get(0)?, value, revision })
        };
        self.with(|connection| match prefix_end(prefix) {
            Some(end) => connection
                .prepare_cached(
                    "SELECT key, value, revision FROM record WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
                )?
                .query_map(params![from, end, limit], entry)?
                .collect(),
            None => connection
                .prepare_cached("SELECT key, value, revision FROM record WHERE key >= ?1 ORDER BY key LIMIT ?2")?
                .query_map(params![from, limit], entry)?
                .filter(|found| found.as_ref().map_or(true, |entry| entry.key.starts_with(prefix)))
                .collect(),
        })
    }

    /// How often the file has been replaced.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Closes every connection that no read is using.
    pub(super) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Runs `replace` while no read is in progress and no connection is open.
    pub(super) fn without_connections<T>(&self, replace: impl FnOnce() -> T) -> T {
        let _nobody_reads = self.file_in_place.write().unwrap_or_else(PoisonError::into_inner);
        self.close_idle();
        let result = replace();
        self.generation.fetch_add(1, Ordering::Release);
        result
    }

    /// Reads the whole file, and returns whether it is sound.
    pub(super) fn is_sound(&self) -> Result<bool, StoreError> {
        match self.with(passes_check) {
            Err(StoreError::Corrupt) => Ok(false),
            checked => checked,
        }
    }

    /// What an error means. If a statement was refused, the whole file is checked over a new connection, which has nothing cached,
    /// because a sound file must not be replaced.
    pub(super) fn meaning_of(&self, error: &rusqlite::Error) -> StoreError {
        let is_sound = |connection: Connection| {
            let passes = passes_check(&connection).map_err(|error| opening_error(&error))?;
            Ok(passes && schema::is_complete(&connection))
        };
        match store_error(error) {
            StoreError::StatementRefused(reason) => match self.connect().and_then(is_sound) {
                Ok(false) | Err(StoreError::Corrupt | StoreError::NotAStore(_)) => StoreError::Corrupt,
                // Sound, or not known to be damaged.
                _ => StoreError::StatementRefused(reason),
            },
            other => other,
        }
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        if self.is_immutable { open::immutable(&self.file) } else { open::readable(&self.file) }
    }

    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let _file_in_place = self.file_in_place.read().unwrap_or_else(PoisonError::into_inner);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = read(&connection).map_err(|error| self.meaning_of(&error));
        // A connection that met an error is closed and not reused.
        if result.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
        }
        result
    }
}

fn passes_check(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA integrity_check(1)", [], |row| Ok(row.get::<_, String>(0)? == "ok"))
}

/// A value, and its revision from the next column. A row with other types is damaged: it gets an empty value, as the contract
/// says, and other rows can still be read.
fn content(row: &Row<'_>, column: usize) -> (Vec<u8>, Revision) {
    match (row.get(column), revision(row, column + 1)) {
        (Ok(value), Ok(revision)) => (value, revision),
        _ => (Vec::new(), revision_or_first(row, column + 1)),
    }
}

/// The revision in a column, or 0 if it is damaged. Reads and preconditions must agree on it.
pub(super) fn revision_or_first(row: &Row<'_>, column: usize) -> Revision {
    revision(row, column).unwrap_or_default()
}

/// The revision in a column. A negative one is damage.
pub(super) fn revision(row: &Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map(Revision).map_err(|_| Error::IntegralValueOutOfRange(column, stored))
}
