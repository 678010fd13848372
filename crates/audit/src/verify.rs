//! The offline verifier: does this directory hold the log as it was written, and if not, where not?
//!
//! It reads each segment once, in bounded memory, and needs no secret. It may run on a copy of a live log if the copy of
//! `head` was made before the copies of the segments.

mod finding;

use std::path::Path;

pub use finding::{Finding, VerifyError, What};

use crate::head::{Head, HeadRead};
use crate::line::{Line, Mark, link_from_hex};
use crate::lines::{Lines, Piece};
use crate::seal::Checker;
use crate::segment::{self, Named};
use crate::state::{Break, Walk};

/// Name of the file that holds the public key: 64 hexadecimal digits and a newline.
pub const PUBLIC_KEY: &str = "public-key";

/// What the caller knows from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// The log's Ed25519 public key. Without it the directory's own copy is believed.
    pub public_key: Option<[u8; 32]>,
    /// A point the log must contain ([`crate::AuditLog::head`], kept on another host).
    pub head: Option<Mark>,
    /// Number of the first line that must be here; earlier segments were archived. 1 when absent.
    pub first_seq: Option<u64>,
}

/// A log without findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Segment files read.
    pub segments: u64,
    /// Lines of all kinds.
    pub lines: u64,
    /// Lines of kind `request`.
    pub records: u64,
    /// Time of the first and the last line; empty in an empty log.
    pub first_time: String,
    /// See `first_time`.
    pub last_time: String,
    /// The last line.
    pub head: Mark,
    /// Complete lines after the last checkpoint: written, never acknowledged, not signed.
    pub unsigned: u64,
    /// Bytes of a broken last line after the head: a crash, or a copy made while the log was written.
    pub torn_bytes: u64,
    /// The key the signatures were checked with.
    pub public_key: [u8; 32],
}

/// Checks the log in `dir`.
///
/// # Errors
/// [`VerifyError::Found`] with the first finding; `Unreadable` when a file cannot be read; `NoLog`.
pub fn verify(dir: &Path, expected: &Expected) -> Result<Report, VerifyError> {
    let public_key = match expected.public_key {
        Some(key) => key,
        None => read_public_key(dir)?,
    };
    let checker = Checker::new(&public_key).ok_or_else(|| Finding::at_key(dir))?;
    // Before the segments: a log that grows meanwhile is never shorter than its earlier head.
    let head = read_head(dir, &checker)?;
    let segments = segment::list(dir).map_err(VerifyError::unreadable(dir))?;
    if segments.is_empty() && head.newest.is_none() && head.bad_slots > 0 && !crate::head::path(dir).exists() {
        return Err(VerifyError::NoLog(dir.to_owned()));
    }
    let mut pass = Pass::new(dir, &segments, &checker, head.newest.map(|(head, _)| head), expected);
    pass.start()?;
    for at in 0..segments.len() {
        pass.segment(at)?;
    }
    pass.end()?;
    if head.bad_slots > 0 {
        return Err(Finding::at_head(dir, What::BadHead).into());
    }
    Ok(Report { public_key, ..pass.report })
}

/// The public key a log's directory offers.
///
/// # Errors
/// [`What::BadPublicKey`] when it is absent or malformed.
pub fn read_public_key(dir: &Path) -> Result<[u8; 32], VerifyError> {
    let text = std::fs::read_to_string(dir.join(PUBLIC_KEY)).unwrap_or_default();
    Ok(text.strip_suffix('\n').and_then(link_from_hex).ok_or_else(|| Finding::at_key(dir))?)
}

/// A slot may be read while it is written; it is whole a moment later.
fn read_head(dir: &Path, checker: &Checker) -> Result<HeadRead, VerifyError> {
    let read = || HeadRead::read(dir, checker).map_err(VerifyError::unreadable(&crate::head::path(dir)));
    for _ in 0..3 {
        let head = read()?;
        if head.bad_slots == 0 {
            return Ok(head);
        }
    }
    read()
}

/// One reading of a log from its first line to its last.
struct Pass<'a> {
    dir: &'a Path,
    segments: &'a [Named],
    head: Option<Head>,
    expected: &'a Expected,
    walk: Walk<'a>,
    report: Report,
    /// Where the last segment read ended: lines, bytes.
    ended: (u64, u64),
}

impl<'a> Pass<'a> {
    fn new(
        dir: &'a Path,
        segments: &'a [Named],
        checker: &'a Checker,
        head: Option<Head>,
        expected: &'a Expected,
    ) -> Self {
        let report = Report {
            segments: 0,
            lines: 0,
            records: 0,
            first_time: String::new(),
            last_time: String::new(),
            head: Mark::START,
            unsigned: 0,
            torn_bytes: 0,
            public_key: [0; 32],
        };
        Self { dir, segments, head, expected, walk: Walk::after(Mark::START, checker), report, ended: (0, 0) }
    }

    /// The log must begin where it should.
    fn start(&mut self) -> Result<(), VerifyError> {
        let first_seq = self.expected.first_seq.unwrap_or(1);
        let Some(named) = self.segments.first().filter(|named| named.first_seq == first_seq) else {
            return Err(Finding::missing_segment(self.dir, first_seq).into());
        };
        if first_seq > 1 {
            let mut lines = Lines::open_at(&named.path, 0).map_err(VerifyError::unreadable(&named.path))?;
            let first = match lines.next().map_err(VerifyError::unreadable(&named.path))? {
                Piece::Whole(bytes) => bytes.to_vec(),
                Piece::Torn | Piece::End => Vec::new(),
            };
            let line = Line::parse(&first);
            let previous = line.and_then(|line| line.field("previous")).and_then(link_from_hex);
            let previous = previous.ok_or_else(|| Finding::altered(named, 0, first_seq))?;
            self.walk.mark = Mark { seq: first_seq - 1, chain: previous };
            self.walk.checkpoint = first_seq - 1;
        }
        Ok(())
    }

    fn segment(&mut self, at: usize) -> Result<(), VerifyError> {
        let Some(named) = self.segments.get(at) else { return Ok(()) };
        let next_seq = self.walk.mark.seq.saturating_add(1);
        if named.first_seq != next_seq {
            return Err(self.gap(at, next_seq).into());
        }
        let mut lines = Lines::open_at(&named.path, 0).map_err(VerifyError::unreadable(&named.path))?;
        let mut header_of = Some(named.first_seq);
        loop {
            let expected_seq = self.walk.mark.seq.saturating_add(1);
            let start = lines.end;
            let number = lines.number.saturating_add(1);
            let bytes = match lines.next().map_err(VerifyError::unreadable(&named.path))? {
                Piece::End => break,
                Piece::Torn => {
                    self.torn(at, start, expected_seq, lines.end)?;
                    break;
                }
                Piece::Whole(bytes) => bytes.to_vec(),
            };
            match self.walk.step(&bytes, header_of.take()) {
                Ok(line) => count(&mut self.report, &line),
                Err(broken) => {
                    let what = self.diagnose(broken, expected_seq, &bytes, &mut lines);
                    let place = Finding::altered(named, start, expected_seq);
                    return Err(Finding { what, line: number, ..place }.into());
                }
            }
            self.compare_marks(named, start, number)?;
        }
        self.report.segments += 1;
        self.ended = (lines.number.saturating_sub(1), lines.end);
        Ok(())
    }

    /// Segment files do not follow each other: the one in between is missing, or the one before lost its end.
    fn gap(&self, at: usize, next_seq: u64) -> Finding {
        let Some(before) = at.checked_sub(1).and_then(|before| self.segments.get(before)) else {
            return Finding::missing_segment(self.dir, next_seq);
        };
        let lost_its_end = self.segments.get(at).is_none_or(|named| named.first_seq > next_seq);
        let place = Finding::altered(before, self.ended.1, next_seq);
        let what = if lost_its_end { What::Truncated } else { What::Reordered };
        Finding { what, line: self.ended.0.saturating_add(1), ..place }
    }

    /// Bytes without a newline: a crash leaves such at the end of the log, after all that was acknowledged.
    fn torn(&mut self, at: usize, start: u64, seq: u64, end: u64) -> Result<(), VerifyError> {
        let is_last = at + 1 == self.segments.len();
        let is_acknowledged = self.head.as_ref().is_some_and(|head| self.walk.mark.seq < head.mark.seq);
        if is_last && !is_acknowledged {
            self.report.torn_bytes = end.saturating_sub(start);
            return Ok(());
        }
        let Some(named) = self.segments.get(at) else { return Ok(()) };
        let what = if is_last { What::Truncated } else { What::Altered };
        Err(Finding { what, ..Finding::altered(named, start, seq) }.into())
    }

    /// A line that does not follow: altered in place, moved, or lines before it are gone.
    fn diagnose(&mut self, broken: Break, expected_seq: u64, bytes: &[u8], lines: &mut Lines) -> What {
        match broken {
            Break::Signature => What::BadSignature,
            Break::Form | Break::Header => What::Altered,
            Break::Link(claimed) if claimed == expected_seq => What::Altered,
            Break::Link(_) if self.walk.only_number_is_wrong(bytes) => What::Altered,
            Break::Link(claimed) if claimed < expected_seq => What::Reordered,
            Break::Link(_) if stands_later(lines, expected_seq) => What::Reordered,
            Break::Link(_) => What::Removed,
        }
    }

    /// The head and the point kept elsewhere must be points of this log.
    fn compare_marks(&self, named: &Named, start: u64, number: u64) -> Result<(), VerifyError> {
        let mark = self.walk.mark;
        let place = Finding { line: number, ..Finding::altered(named, start, mark.seq) };
        if self.head.as_ref().is_some_and(|head| head.mark.seq == mark.seq && head.mark.chain != mark.chain) {
            return Err(place.into());
        }
        if self.expected.head.is_some_and(|head| head.seq == mark.seq && head.chain != mark.chain) {
            return Err(Finding { what: What::NotTheExpectedLog, ..place }.into());
        }
        Ok(())
    }

    /// The log must reach its head.
    fn end(&mut self) -> Result<(), VerifyError> {
        let mark = self.walk.mark;
        self.report.head = mark;
        self.report.unsigned = mark.seq.saturating_sub(self.walk.checkpoint);
        let Some(last) = self.segments.last() else { return Ok(()) };
        let place = Finding::altered(last, self.ended.1, mark.seq.saturating_add(1));
        let place = Finding { line: self.ended.0.saturating_add(1), ..place };
        let Some(head) = &self.head else { return Err(Finding::at_head(self.dir, What::BadHead).into()) };
        if mark.seq < head.mark.seq {
            return Err(Finding { what: What::Truncated, ..place }.into());
        }
        if self.expected.head.is_some_and(|head| mark.seq < head.seq) {
            return Err(Finding { what: What::NotTheExpectedLog, ..place }.into());
        }
        Ok(())
    }
}

/// Whether a line that claims this number stands further on in the file.
fn stands_later(lines: &mut Lines, seq: u64) -> bool {
    while let Ok(Piece::Whole(bytes)) = lines.next() {
        if Line::parse(bytes).is_some_and(|line| line.seq == seq) {
            return true;
        }
    }
    false
}

fn count(report: &mut Report, line: &Line<'_>) {
    report.lines += 1;
    if line.kind == "request" {
        report.records += 1;
    }
    if report.first_time.is_empty() {
        report.first_time = line.time.to_owned();
    }
    report.last_time = line.time.to_owned();
}
