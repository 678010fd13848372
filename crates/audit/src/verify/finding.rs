//! What a verifier finds, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::head::Head;
use crate::segment::Named;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A line is not what was written.
    Altered,
    /// Lines are missing here; later ones are there.
    Removed,
    /// Lines do not stand in the order they were written in.
    Reordered,
    /// The log ends before it should.
    Truncated,
    /// A segment file is missing.
    MissingSegment,
    /// A checkpoint was not signed by this log's key.
    BadSignature,
    /// The file `head` is missing or was altered.
    BadHead,
    /// The file `public-key` is missing or malformed.
    BadPublicKey,
    /// The log does not contain the point that was kept elsewhere: it was rolled back or replaced.
    NotTheExpectedLog,
}

impl What {
    const fn words(self) -> &'static str {
        match self {
            Self::Altered => "altered: this line is not what was written",
            Self::Removed => "truncated: lines before this one were removed",
            Self::Reordered => "reordered: this line does not stand where it was written",
            Self::Truncated => "truncated: the log ends here, before its recorded head",
            Self::MissingSegment => "truncated: this segment file is missing",
            Self::BadSignature => "altered: this checkpoint was not signed by the log's key",
            Self::BadHead => "altered: the file head is missing or was changed",
            Self::BadPublicKey => "the file public-key is missing or malformed; pass --public-key",
            Self::NotTheExpectedLog => "rolled back: the log does not contain the expected head",
        }
    }
}

/// One finding: what, and as exactly as can be known where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Where in the file, bytes.
    pub offset: u64,
    /// The line number in the file, from 1; 0 when it is not known.
    pub line: u64,
    /// The sequence number that should stand there; 0 when it is not known.
    pub seq: u64,
    /// What is wrong.
    pub what: What,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what.words())?;
        match (self.line, self.seq) {
            (0, 0) => Ok(()),
            (0, seq) => write!(f, " (byte {}, record {seq})", self.offset),
            (line, seq) => write!(f, " (line {line}, byte {}, record {seq})", self.offset),
        }
    }
}

impl Finding {
    fn new(file: PathBuf, what: What) -> Self {
        Self { file, offset: 0, line: 0, seq: 0, what }
    }

    pub(crate) fn at_key(dir: &Path) -> Self {
        Self::new(dir.join(super::PUBLIC_KEY), What::BadPublicKey)
    }

    pub(crate) fn at_head(dir: &Path, what: What) -> Self {
        Self::new(crate::head::path(dir), what)
    }

    pub(crate) fn missing_segment(dir: &Path, first_seq: u64) -> Self {
        let file = dir.join(crate::segment::file_name(first_seq));
        Self { seq: first_seq, ..Self::new(file, What::MissingSegment) }
    }

    pub(crate) fn altered(named: &Named, offset: u64, seq: u64) -> Self {
        Self { offset, seq, ..Self::new(named.path.clone(), What::Altered) }
    }

    pub(crate) fn truncated(named: &Named, head: &Head) -> Self {
        Self { offset: head.offset, seq: head.mark.seq, ..Self::new(named.path.clone(), What::Truncated) }
    }
}

/// Why there is no report.
#[derive(Debug)]
pub enum VerifyError {
    /// The log is not as it was written.
    Found(Finding),
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// There is no log in this directory.
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
            Self::Found(finding) => write!(f, "{finding}"),
            Self::Unreadable(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            Self::NoLog(dir) => write!(f, "{} holds no audit log; give the data directory", dir.display()),
        }
    }
}

impl std::error::Error for VerifyError {}
