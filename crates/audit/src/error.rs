//! How appending and opening fail. What a verifier finds is data, in [`crate::verify`].

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::verify::Finding;

/// The record is not durable; the request must not be answered as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditError {
    /// The log cannot be written now (disk full, write error, closed). It tries again by itself every second.
    Unavailable,
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the audit log cannot be written")
    }
}

impl std::error::Error for AuditError {}

/// The log was not opened or not created.
#[derive(Debug)]
pub enum OpenError {
    /// The directory holds a log already.
    Exists(PathBuf),
    /// The directory holds no log.
    Missing(PathBuf),
    /// Another process has this log open.
    InUse(PathBuf),
    /// The log was altered or truncated; nothing was changed.
    Damaged(Finding),
    /// The signing seed is not 32 bytes that make an Ed25519 key.
    Seed,
    /// The file system refused.
    Io(PathBuf, io::Error),
}

impl OpenError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io(path, error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(dir) => write!(f, "{} holds an audit log already: open it instead", dir.display()),
            Self::Missing(dir) => write!(
                f,
                "{} holds no audit log: restore it from a backup, or accept the loss with `claviger audit begin-anew`",
                dir.display()
            ),
            Self::InUse(dir) => write!(f, "the audit log in {} is open in another process", dir.display()),
            Self::Damaged(finding) => {
                write!(
                    f,
                    "the audit log is damaged: {finding}; restore it from a backup, or set it aside as evidence with `claviger audit begin-anew`"
                )
            }
            Self::Seed => f.write_str("the audit signing seed must be 32 bytes"),
            Self::Io(path, error) => {
                let hint = match error.kind() {
                    io::ErrorKind::StorageFull => "free some space",
                    io::ErrorKind::InvalidInput => "find out who put it there, and move it away",
                    _ => "check that this user may read and write it",
                };
                write!(f, "the audit log cannot be used: {}: {error}; {hint}", path.display())
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}
