//! Findings of the verifier: where a log is not what was written, and in which way.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::directory::{self, SegmentFile};
use crate::position::Head;

/// How the log differs from what was written. `seq` is that of the [`Finding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// Line `seq` is not as it was written.
    Altered,
    /// The log, or a segment that another one follows, ends here although lines `seq` to `through` were written.
    Truncated {
        /// The last line that is known to be missing.
        through: u64,
    },
    /// Line `found` is in the place of line `seq`.
    Reordered {
        /// The number of the line that is here.
        found: u64,
    },
    /// Lines `seq` to `through` are missing before this line.
    MissingLines {
        /// The last missing line.
        through: u64,
    },
    /// The segment that starts with line `seq` is not in the directory.
    MissingSegment,
    /// The log's key did not sign checkpoint `seq`: lines `since` to `seq` were written without the key.
    BadSignature {
        /// The first line that no valid checkpoint covers.
        since: u64,
    },
    /// Line `seq` is not the one that the head names: the end of the log was rewritten without the signing seed.
    NotTheHead {
        /// The first line that no valid checkpoint covers.
        since: u64,
    },
    /// The log is consistent in itself but does not contain the expected head, which was kept elsewhere: the whole log
    /// was rolled back or replaced. `seq` is the line where it differs from, or ends before, what was expected.
    NotTheExpectedLog,
    /// The log does not contain line `seq`, which the instance's store has recorded: its end was removed or rewritten.
    NotTheAnchor,
    /// The log's first segment starts with line `found`, not with line `seq`.
    BeginsAt {
        /// The number of the first line in the directory.
        found: u64,
    },
    /// The file has the name of a segment but does not belong to this log.
    StraySegment,
    /// The head file is missing or was altered, or its slots do not belong together.
    BadHead,
    /// The public key file is missing or malformed.
    BadPublicKey,
}

/// One finding and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How the log differs there.
    pub kind: FindingKind,
    /// The file, under its present or expected name.
    pub file: PathBuf,
    /// Line of the file, counted from 1; 0 if there is none or it was not counted.
    pub line: u64,
    /// Number of the line that is expected there; 0 if the place is not a line.
    pub seq: u64,
    /// Byte of the file where that line starts or should start.
    pub offset: u64,
}

impl Finding {
    pub(crate) fn at_head(dir: &Path, kind: FindingKind) -> Self {
        Self { kind, file: directory::head_path(dir), line: 0, seq: 0, offset: 0 }
    }

    pub(crate) fn at_key(dir: &Path) -> Self {
        Self { kind: FindingKind::BadPublicKey, file: dir.join(directory::PUBLIC_KEY), line: 0, seq: 0, offset: 0 }
    }

    pub(crate) fn missing_segment(dir: &Path, first_seq: u64) -> Self {
        let file = dir.join(directory::segment_file_name(first_seq));
        Self { kind: FindingKind::MissingSegment, file, line: 0, seq: first_seq, offset: 0 }
    }

    pub(crate) fn altered(segment_file: &SegmentFile, offset: u64, seq: u64) -> Self {
        Self { kind: FindingKind::Altered, file: segment_file.path.clone(), line: 0, seq, offset }
    }

    /// The same place with another kind.
    pub(crate) fn with_kind(self, kind: FindingKind) -> Self {
        Self { kind, ..self }
    }

    /// A segment that is shorter than the head says.
    pub(crate) fn truncated(segment_file: &SegmentFile, head: &Head, length: u64) -> Self {
        let kind = FindingKind::Truncated { through: head.position.seq };
        Self { kind, file: segment_file.path.clone(), line: 0, seq: 0, offset: length }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, file, line, seq, offset } = self;
        match kind {
            FindingKind::Altered => write!(f, "record {seq} was altered"),
            FindingKind::Truncated { through } if *seq == 0 => write!(f, "the log was truncated before record {through}"),
            FindingKind::Truncated { through } => write!(f, "the log was truncated: records {seq} to {through} are missing"),
            FindingKind::Reordered { found } => write!(f, "reordered: record {found} is in the place of record {seq}"),
            FindingKind::MissingLines { through } => write!(f, "records {seq} to {through} were removed"),
            FindingKind::MissingSegment => write!(f, "the segment that starts with record {seq} is missing"),
            FindingKind::BadSignature { since } => {
                write!(
                    f,
                    "records {since} to {seq} were not written by this log: the checkpoint's signature is not its own"
                )
            }
            FindingKind::NotTheHead { since } => {
                write!(
                    f,
                    "records from {since} on were rewritten: record {seq} is not the one that was signed as head"
                )
            }
            FindingKind::NotTheExpectedLog => {
                write!(f, "rolled back or replaced: from record {seq} on this is not the log that was expected")
            }
            FindingKind::NotTheAnchor => write!(
                f,
                "the log was cut off or rewritten: it does not contain record {seq}, which the instance's store has recorded"
            ),
            FindingKind::BeginsAt { found } => write!(
                f,
                "records {seq} to {} are missing; if you archived them, pass --first-seq {found}",
                found.saturating_sub(1)
            ),
            FindingKind::StraySegment => f.write_str(
                "a file has the name of a segment but does not belong to this log; if it is after the log's end, the next start sets it aside",
            ),
            FindingKind::BadHead => f.write_str("the head file is missing or was altered"),
            FindingKind::BadPublicKey => f.write_str("the public key file is missing or malformed"),
        }?;
        write!(f, " (file {}", file.display())?;
        if *line > 0 {
            write!(f, ", line {line}")?;
        }
        write!(f, ", byte {offset})")
    }
}
