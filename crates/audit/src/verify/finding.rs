//! What the verifier says: where a log is not what was written, and in which way.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::head::Head;
use crate::segment::{self, Named};

/// In which way. `seq` is the [`Finding`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The line of number `seq` is not as it was written.
    Altered,
    /// The log, or a segment before another, ends here although lines `seq` to `through` were written.
    Truncated {
        /// The last number known to be missing.
        through: u64,
    },
    /// Line `found` stands where line `seq` belongs.
    Reordered {
        /// The number of the line that stands here.
        found: u64,
    },
    /// Lines `seq` to `through` are missing before this line.
    MissingLines {
        /// The last missing number.
        through: u64,
    },
    /// The segment that starts with line `seq` is not in the directory.
    MissingSegment,
    /// The checkpoint `seq` is not signed by the log's key: lines `since` to `seq` were written by somebody else.
    BadSignature {
        /// The first line that no good checkpoint covers.
        since: u64,
    },
    /// Line `seq` is not the one that the head names: the end of the log was written anew without the signing seed.
    NotTheHead {
        /// The first line that no good checkpoint covers.
        since: u64,
    },
    /// The log is sound in itself and does not contain the expected head, which was kept elsewhere: all of it was rolled
    /// back or replaced. `seq` is where it leaves, or ends before, what was expected.
    NotTheExpectedLog,
    /// The log does not contain line `seq`, which the instance's store has noted: its end was cut off or written anew.
    NotTheAnchor,
    /// The log's first segment starts with line `found`, not with line `seq`.
    BeginsAt {
        /// The number of the first line that is there.
        found: u64,
    },
    /// The file has a segment's name, and is none of this log.
    StraySegment,
    /// The head file is absent or was altered, or its slots do not belong together.
    BadHead,
    /// The public key file is absent or malformed.
    BadPublicKey,
}

/// One finding and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which way.
    pub what: What,
    /// The file, as it is or should be named.
    pub file: PathBuf,
    /// Line of the file, from 1; 0 when there is none or it was not counted.
    pub line: u64,
    /// Number of the line that should stand there; 0 when the place is not a line.
    pub seq: u64,
    /// Byte of the file where that line starts or should start.
    pub offset: u64,
}

impl Finding {
    pub(crate) fn at_head(dir: &Path, what: What) -> Self {
        Self { what, file: crate::head::path(dir), line: 0, seq: 0, offset: 0 }
    }

    pub(crate) fn at_key(dir: &Path) -> Self {
        Self { what: What::BadPublicKey, file: dir.join(super::PUBLIC_KEY), line: 0, seq: 0, offset: 0 }
    }

    pub(crate) fn missing_segment(dir: &Path, first_seq: u64) -> Self {
        let file = dir.join(segment::file_name(first_seq));
        Self { what: What::MissingSegment, file, line: 0, seq: first_seq, offset: 0 }
    }

    pub(crate) fn altered(named: &Named, offset: u64, seq: u64) -> Self {
        Self { what: What::Altered, file: named.path.clone(), line: 0, seq, offset }
    }

    /// The same place, found for this reason.
    pub(crate) fn because(self, what: What) -> Self {
        Self { what, ..self }
    }

    /// A segment shorter than the head says.
    pub(crate) fn truncated(named: &Named, head: &Head, length: u64) -> Self {
        let what = What::Truncated { through: head.mark.seq };
        Self { what, file: named.path.clone(), line: 0, seq: 0, offset: length }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, file, line, seq, offset } = self;
        match what {
            What::Altered => write!(f, "record {seq} was altered"),
            What::Truncated { through } if *seq == 0 => write!(f, "the log was truncated before record {through}"),
            What::Truncated { through } => write!(f, "the log was truncated: records {seq} to {through} are missing"),
            What::Reordered { found } => write!(f, "reordered: record {found} stands in the place of record {seq}"),
            What::MissingLines { through } => write!(f, "records {seq} to {through} were removed"),
            What::MissingSegment => write!(f, "the segment that starts with record {seq} is missing"),
            What::BadSignature { since } => {
                write!(
                    f,
                    "records {since} to {seq} were not written by this log: the checkpoint's signature is not its own"
                )
            }
            What::NotTheHead { since } => {
                write!(
                    f,
                    "records from {since} on were written anew: record {seq} is not the one that was signed as head"
                )
            }
            What::NotTheExpectedLog => {
                write!(f, "rolled back or replaced: from record {seq} on this is not the log that was expected")
            }
            What::NotTheAnchor => write!(
                f,
                "the log was cut off or written anew: it does not contain record {seq}, which the instance's store has noted"
            ),
            What::BeginsAt { found } => write!(
                f,
                "records {seq} to {} are missing; if you archived them, say --first-seq {found}",
                found.saturating_sub(1)
            ),
            What::StraySegment => f.write_str(
                "a file that is no segment of this log has the name of one; behind the log's end, the next start sets it aside",
            ),
            What::BadHead => f.write_str("the head file is missing or was altered"),
            What::BadPublicKey => f.write_str("the public key file is missing or malformed"),
        }?;
        write!(f, " (file {}", file.display())?;
        if *line > 0 {
            write!(f, ", line {line}")?;
        }
        write!(f, ", byte {offset})")
    }
}

/// Why a log could not be found good.
#[derive(Debug)]
pub enum VerifyError {
    /// It is not as it was written.
    Found(Finding),
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The directory holds nothing of a log.
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
        Self::Found(finding)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(finding) => finding.fmt(f),
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NoLog(dir) => write!(f, "{} holds no audit log", dir.display()),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            Self::Found(_) | Self::NoLog(_) => None,
        }
    }
}
