//! Reading: a few connections, each used by one caller at a time, made when they are first needed.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Error, OptionalExtension, Row, params};

use super::{open, store_error};
use crate::contract::{Entry, Record, Revision, prefix_end};
use crate::error::StoreError;

/// Idle connections kept; more callers than this make their own and close it again.
const IDLE_MAX: usize = 8;

/// The read connections of one store.
pub(super) struct Readers {
    file: PathBuf,
    /// Whether nobody writes the file, so that it can be read without a lock.
    is_at_rest: bool,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, is_at_rest: false, idle: Mutex::default() }
    }

    pub(super) fn of_file_at_rest(file: PathBuf) -> Self {
        Self { is_at_rest: true, ..Self::new(file) }
    }

    /// Whether the file opens.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.with(|_| Ok(()))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT value, revision FROM record WHERE key = ?1")?;
            select.query_row([key], |row| Ok(Record { value: row.get(0)?, revision: revision(row, 1)? })).optional()
        })
    }

    pub(super) fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        // Strictly after `after`: the least key greater than it is itself with a zero byte appended.
        let from = match after {
            Some(after) if after >= prefix => [after, &[0]].concat(),
            _ => prefix.to_vec(),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let entry = |row: &Row<'_>| Ok(Entry { key: row.get(0)?, value: row.get(1)?, revision: revision(row, 2)? });
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

    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None if self.is_at_rest => open::at_rest(&self.file)?,
            None => open::readable(&self.file)?,
        };
        let result = read(&connection).map_err(|error| store_error(&error));
        // A connection that met an error is closed rather than used again.
        if result.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
        }
        result
    }
}

/// The revision in a column; a negative one is damage.
pub(super) fn revision(row: &Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map(Revision).map_err(|_| Error::IntegralValueOutOfRange(column, stored))
}
