//! Errors of a store. No variant carries a stored byte.

use std::fmt;
use std::path::PathBuf;

use claviger_base::limits::{BATCH_OPERATIONS_MAX, RECORD_BYTES_MAX};

/// Why the store failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The disk is full. Writes work again once there is space.
    Full,
    /// The store may be read but not written.
    ReadOnly,
    /// The stored bytes are damaged.
    Corrupt,
    /// The stored bytes are damaged, and could not be recovered into a new file.
    NotRecovered {
        /// The damaged file.
        path: PathBuf,
        /// Why recovery failed.
        reason: String,
    },
    /// The file is not a store of this format.
    NotAStore(PathBuf),
    /// The file was written by a later version of Claviger.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema number.
        schema: i32,
    },
    /// Another process has this store open.
    InUse(PathBuf),
    /// Another program held the write lock of the file for too long. Writes work again once it releases the lock.
    Busy,
    /// The directory or file cannot be used.
    Unusable {
        /// The directory or file.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// An earlier write failed. The store must be opened again before it accepts writes.
    Latched,
    /// A value is over the limit of 64 KiB. Its length, bytes.
    RecordTooLarge(usize),
    /// A batch is over the limit of 128 operations. How many it has.
    BatchTooLarge(usize),
    /// A batch puts or deletes the same key twice.
    WrittenTwice,
    /// Changes that the watch needs were dropped from the history: read everything again, then watch from the newest revision.
    Compacted,
    /// The engine refused a statement although its file is sound: another program changed the file, or the statement is wrong.
    /// Nothing was written.
    StatementRefused(String),
    /// The engine failed in another way. A commit that failed in this way may be stored nevertheless.
    Failed(String),
}

impl StoreError {
    /// Whether the engine accepts further writes after a commit that failed with this error. If not, the engine is latched.
    pub(crate) fn is_transient(&self) -> bool {
        // Damage and refused statements are found before anything is written, and other writes can still succeed.
        matches!(self, Self::Full | Self::Busy | Self::Corrupt | Self::StatementRefused(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the disk that holds the store is full; free some space"),
            Self::ReadOnly => f.write_str("the store cannot be written; check the permissions of its directory"),
            Self::Corrupt => f.write_str("the store is damaged; restore it from a backup"),
            Self::NotRecovered { path, reason } => write!(
                f,
                "{} is damaged and could not be recovered: {reason}; restore it from a backup",
                path.display()
            ),
            Self::NotAStore(path) => write!(f, "{} is not a Claviger store; choose another directory", path.display()),
            Self::Newer { path, schema } => {
                write!(f, "{} has schema {schema}, of a later version; run that version", path.display())
            }
            Self::Busy => f.write_str("another program holds the store's write lock; stop it"),
            Self::InUse(path) => {
                write!(
                    f,
                    "another process has the store in {} open; stop it or choose another directory",
                    path.display()
                )
            }
            Self::Unusable { path, reason } => {
                write!(f, "{} cannot be used: {reason}; check that it exists and may be written", path.display())
            }
            Self::Latched => f.write_str("an earlier write to the store failed; restart once the disk is healthy"),
            Self::RecordTooLarge(bytes) => {
                write!(f, "a record of {bytes} bytes is over the limit of {RECORD_BYTES_MAX}")
            }
            Self::BatchTooLarge(count) => {
                write!(f, "a batch of {count} operations is over the limit of {BATCH_OPERATIONS_MAX}")
            }
            Self::WrittenTwice => f.write_str("a batch writes the same key twice"),
            Self::Compacted => {
                f.write_str("the history of changes no longer goes back to this revision; read everything again")
            }
            Self::StatementRefused(reason) => write!(
                f,
                "the store's file is sound, but a statement was refused: {reason}; undo what another program changed in it, or report this"
            ),
            Self::Failed(reason) => write!(f, "the store failed: {reason}"),
        }
    }
}

impl std::error::Error for StoreError {}
