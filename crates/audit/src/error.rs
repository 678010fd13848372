//! Errors of appending to a log, opening it and verifying it. A [`Finding`] says where a log is damaged.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::finding::Finding;

/// The record is not durable: the caller must not report the request as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditError {
    /// The log cannot be written now (disk full, write error, closed). It tries again every second by itself.
    Unavailable,
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the audit log cannot be written")
    }
}

impl std::error::Error for AuditError {}

/// Why a log was not opened or created.
#[derive(Debug)]
pub enum OpenError {
    /// The directory already holds a log.
    Exists(PathBuf),
    /// The directory holds no log.
    Missing(PathBuf),
    /// Another process has this log open.
    InUse(PathBuf),
    /// The log was altered or truncated. Nothing was changed.
    Damaged(Finding),
    /// The signing seed is not a valid Ed25519 seed of 32 bytes.
    Seed,
    /// The file system returned an error.
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
                "{} holds no audit log: restore it from a backup, or accept the loss with `claviger audit reset`",
                dir.display()
            ),
            Self::InUse(dir) => {
                write!(f, "the audit log in {} is open in another process; stop that process first", dir.display())
            }
            Self::Damaged(finding) => {
                write!(
                    f,
                    "the audit log is damaged: {finding}; restore it from a backup, or start a new one with `claviger audit reset`, which keeps this one as evidence"
                )
            }
            Self::Seed => f.write_str("the audit signing seed must be 32 bytes"),
            Self::Io(path, error) => {
                let hint = match error.kind() {
                    io::ErrorKind::StorageFull => "free some space",
                    io::ErrorKind::InvalidInput => "find out where it comes from, and move it away",
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

/// Why a log does not verify.
#[derive(Debug)]
pub enum VerifyError {
    /// The log is not as it was written.
    Damaged(Finding),
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The directory holds no part of a log.
    NoLog(PathBuf),
}

impl VerifyError {
    pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Unreadable(path, error)
    }
}

impl From<Finding> for VerifyError {
    fn from(finding: Finding) -> Self {
        Self::Damaged(finding)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(finding) => finding.fmt(f),
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoLog(dir) => write!(f, "{} holds no audit log", dir.display()),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            Self::Damaged(_) | Self::NoLog(_) => None,
        }
    }
}
