//! How a store fails. No variant carries a stored byte.

use std::fmt;
use std::path::PathBuf;

/// Why the store did not do what was asked. After any of these, nothing of the batch is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The disk is full. Writing works again once there is space.
    Full,
    /// The store may be read but not written.
    ReadOnly,
    /// The stored bytes are damaged.
    Corrupt,
    /// The file is not a store of this format.
    NotAStore(PathBuf),
    /// Another process has this store open.
    InUse(PathBuf),
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
    /// The history before this point was cut: read everything again, then watch from a fresh revision.
    Compacted,
    /// The engine failed otherwise.
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the disk that holds the store is full; free some space"),
            Self::ReadOnly => f.write_str("the store cannot be written; check the permissions of its directory"),
            Self::Corrupt => f.write_str("the store is damaged; restore it from a backup"),
            Self::NotAStore(path) => write!(f, "{} is not a Claviger store; choose another directory", path.display()),
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
            Self::RecordTooLarge(bytes) => write!(f, "a record of {bytes} bytes is over the limit of 65536"),
            Self::BatchTooLarge(count) => write!(f, "a batch of {count} operations is over the limit of 128"),
            Self::Compacted => f.write_str("the history of changes was cut before this revision; read again"),
            Self::Failed(reason) => write!(f, "the store failed: {reason}"),
        }
    }
}

impl std::error::Error for StoreError {}
