//! Opening a store for writing. A damaged file is recovered first, and a damaged write-ahead log is kept.

use std::path::Path;

use rusqlite::Connection;

use super::{open, recover, unused_log};
use crate::contract::Recovered;
use crate::error::StoreError;

/// A connection that may write, and the damage that was found.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) recovered: Option<Recovered>,
    /// A message about a write-ahead log that was damaged.
    pub(super) log: Option<String>,
}

/// Opens the file. If it is too damaged to open, it is recovered first.
pub(super) fn open(directory: &Path) -> Result<Opened, StoreError> {
    let is_ours = |error: &StoreError| match error {
        StoreError::Corrupt => true,
        StoreError::NotAStore(path) => recover::is_store_without_first_page(path),
        _ => false,
    };
    unused_log::link(directory);
    match open::writable(directory) {
        Ok(connection) => Ok(Opened { connection, recovered: None, log: unused_log::keep_if_damaged(directory) }),
        Err(error) if is_ours(&error) => {
            let recovered = Some(recover::recover(directory)?);
            Ok(Opened { connection: open::writable(directory)?, recovered, log: None })
        }
        Err(error) => Err(error),
    }
}
