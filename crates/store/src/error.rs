//! How a store fails. No variant carries a stored byte.

use std::fmt;
use std::path::PathBuf;

use claviger_base::limits::{BATCH_OPERATIONS_MAX, RECORD_BYTES_MAX};

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The disk is full. Writing works again once there is space.
    Full,
    /// The store may be read but not written.
    ReadOnly,
    /// The stored bytes are damaged.
    Corrupt,
    /// The stored bytes are damaged, and what is left could not be put into a new file.
    NotRecovered {
        /// The damaged file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file is not a store of this format.
    NotAStore(PathBuf),
    /// The file was written by a later version of Claviger.
    Newer {
        /// Which.
        path: PathBuf,
        /// Its schema number.
        schema: i32,
    },
    /// Another process has this store open.
    InUse(PathBuf),
    /// Another program kept the file's write lock for too long. Writing works again once it lets go.
    Busy,
    /// The directory or file cannot be used.
    Unusable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A write failed earlier; the store must be opened again before it writes.
    Latched,
    /// A value is over the limit of 64 KiB; its length, bytes.
    RecordTooLarge(usize),
    /// A batch is over the limit of 128 operations; how many it has.
    BatchTooLarge(usize),
    /// A batch puts or deletes the same key twice.
    WrittenTwice,
    /// The history before this point was cut: read everything again, then watch from a fresh revision.
    Compacted,
    /// A statement does not fit the file, which is sound: another program changed it, or the statement is wrong. Nothing was
    /// written.
    Misfit(String),
    /// The engine failed otherwise.
    Failed(String),
}

impl StoreError {
    /// Whether a commit that ended so has surely written nothing. If not, all of it or nothing is there.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::Corrupt)
    }

    /// Whether the engine goes on writing after a commit that failed so, once the cause is gone; if not, it latches.
    pub(crate) fn is_passing(&self) -> bool {
        // Damage, as what does not fit, was met before anything was written, and concerns what lies on some pages.
        matches!(self, Self::Full | Self::Busy | Self::Corrupt | Self::Misfit(_))
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
            Self::Compacted => f.write_str("the history of changes was cut before this revision; read again"),
            Self::Misfit(reason) => write!(
                f,
                "the store's file is sound, but refuses what it is asked: {reason}; undo what another program changed in it, or report this"
            ),
            Self::Failed(reason) => write!(f, "the store failed: {reason}"),
        }
    }
}

impl std::error::Error for StoreError {}
