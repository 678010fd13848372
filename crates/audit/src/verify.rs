//! The offline verifier: does this directory hold the log as it was written, and if not, where not?
//!
//! It reads each segment once, in bounded memory, and needs no secret. It may run on a copy of a live log if the copy of
//! `head` was made before the copies of the segments.

mod diagnose;
mod finding;

use std::path::Path;

pub use finding::{Finding, VerifyError, What};

use crate::head::{Head, HeadRead};
use crate::line::{LINE_BYTES_MAX, Line, Mark, link_from_hex};
use crate::lines::{Lines, Piece};
use crate::regular;
use crate::seal::Checker;
use crate::segment::{self, Named};
use crate::state::Walk;

/// Name of the file that holds the public key: 64 hexadecimal digits and a newline.
pub const PUBLIC_KEY: &str = "public-key";
/// Its length.
const PUBLIC_KEY_BYTES: u64 = 65;

/// What the caller knows from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// The log's Ed25519 public key. Without it the directory's own copy is believed.
    pub public_key: Option<[u8; 32]>,
    /// A point the log must contain ([`crate::AuditLog::head`], kept on another host).
    pub head: Option<Mark>,
    /// The line that the instance's store has noted, at most a second old while the log grows.
    pub anchor: Option<Mark>,
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
    /// Signed lines of kind `request`.
    pub records: u64,
    /// Time of the first and the last line; empty in an empty log.
    pub first_time: String,
    /// See `first_time`.
    pub last_time: String,
    /// The last line.
    pub head: Mark,
    /// Complete lines after the last checkpoint: never acknowledged, not signed, and nothing proves who wrote them.
    pub unsigned: u64,
    /// Files beside the log into which such lines were put by earlier starts.
    pub set_aside: Vec<String>,
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
        return Err(VerifyError::NoLog(dir.to_path_buf()));
    }
    let (stray, named) = part_empty(segments.clone())?;
    let read = |segments| Pass::new(dir, segments, &checker, head.newest, expected).run();
    // Empty files that are missed where they stand were segments; the reading with them says what is missing.
    let (report, records) = read(named.as_slice()).or_else(|found| match stray.is_empty() {
        true => Err(found),
        false => read(segments.as_slice()).and(Err(found)),
    })?;
    if !head.is_sound {
        return Err(Finding::at_head(dir, What::BadHead).into());
    }
    if let Some(stray) = stray.first() {
        return Err(Finding::altered(stray, 0, 0).because(What::StraySegment).into());
    }
    let set_aside = crate::set_aside::list(dir).map_err(VerifyError::unreadable(dir))?;
    Ok(Report { public_key, set_aside, records, ..report })
}

/// The public key a log's directory offers.
///
/// # Errors
/// [`What::BadPublicKey`] when it is absent or malformed.
pub fn read_public_key(dir: &Path) -> Result<[u8; 32], VerifyError> {
    let path = dir.join(PUBLIC_KEY);
    let text = match regular::read(&path, PUBLIC_KEY_BYTES + 1) {
        Err(error) if regular::is_other_kind(&error) => return Err(VerifyError::Unreadable(path, error)),
        read => String::from_utf8(read.unwrap_or_default()).unwrap_or_default(),
    };
    Ok(text.strip_suffix('\n').and_then(link_from_hex).ok_or_else(|| Finding::at_key(dir))?)
}

/// The empty files among `segments`, and the others. The log never leaves an empty one: it gives a segment its name when
/// the first line is durable.
fn part_empty(segments: Vec<Named>) -> Result<(Vec<Named>, Vec<Named>), VerifyError> {
    let (mut empty, mut others) = (Vec::new(), Vec::new());
    for named in segments {
        let opened = regular::open(&named.path).and_then(|file| file.metadata());
        let length = opened.map_err(VerifyError::unreadable(&named.path))?.len();
        if length == 0 { empty.push(named) } else { others.push(named) }
    }
    Ok((empty, others))
}

/// A slot may be read while it is written; it is whole a moment later.
fn read_head(dir: &Path, checker: &Checker) -> Result<HeadRead, VerifyError> {
    let read = || HeadRead::read(dir, checker).map_err(VerifyError::unreadable(&crate::head::path(dir)));
    for _ in 0..3 {
        let head = read()?;
        if head.is_sound {
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
    /// Lines and bytes of the segment being read, or read last, that hold.
    good: (u64, u64),
    /// Requests up to the last checkpoint.
    signed_records: u64,
}

impl<'a> Pass<'a> {
    fn new(
        dir: &'a Path,
        segments: &'a [Named],
        checker: &'a Checker,
        head: Option<Head>,
        expected: &'a Expected,
    ) -> Self {
        let walk = Walk::after(Mark::START, checker);
        Self { dir, segments, head, expected, walk, report: Report::empty(), good: (0, 0), signed_records: 0 }
    }

    /// Reads the log; what is told of it, and its signed requests.
    fn run(mut self) -> Result<(Report, u64), VerifyError> {
        self.start()?;
        for (at, named) in self.segments.iter().enumerate() {
            self.segment(at, named)?;
        }
        self.end()?;
        Ok((self.report, self.signed_records))
    }

    /// The log must begin where it should.
    fn start(&mut self) -> Result<(), VerifyError> {
        let first_seq = self.expected.first_seq.unwrap_or(1);
        let Some(named) = self.segments.first().filter(|named| named.first_seq == first_seq) else {
            let finding = Finding::missing_segment(self.dir, first_seq);
            // Its number tells what to do when the segments before were archived.
            let first = self.segments.first().filter(|named| named.first_seq > first_seq).map(|named| named.first_seq);
            return Err(finding.because(first.map_or(What::MissingSegment, |found| What::BeginsAt { found })).into());
        };
        if first_seq > 1 {
            let header = diagnose::header_of(&named.path).map_err(VerifyError::unreadable(&named.path))?;
            let (chain, _) = header.ok_or_else(|| Finding { line: 1, ..Finding::altered(named, 0, first_seq) })?;
            self.walk = self.walk.restarted_after(Mark { seq: first_seq - 1, chain });
        }
        Ok(())
    }

    fn segment(&mut self, at: usize, named: &Named) -> Result<(), VerifyError> {
        if named.first_seq != self.seq() {
            return Err(self.gap_before(at, named)?.into());
        }
        let unreadable = || VerifyError::unreadable(&named.path);
        let mut lines = Lines::open_at(&named.path, 0).map_err(unreadable())?;
        self.good = (0, 0);
        loop {
            let bytes = match lines.next().map_err(unreadable())? {
                Piece::End => break,
                Piece::Torn(bytes) => {
                    self.torn(at, named, bytes)?;
                    break;
                }
                Piece::Whole(bytes) => bytes,
            };
            let header_of = (self.good.0 == 0).then_some(named.first_seq);
            match self.walk.step(bytes, header_of) {
                Ok(line) => {
                    self.report.count(&line);
                    if line.kind == "checkpoint" {
                        self.signed_records = self.report.records;
                    }
                }
                Err(broken) => {
                    let rest = self.segments.get(at..).unwrap_or_default();
                    let (broken, end) = ((broken, bytes.to_vec()), lines.end);
                    let what =
                        diagnose::broken_line(&self.walk, (broken.0, &broken.1), rest, end).map_err(unreadable())?;
                    return Err(self.finding(what, named).into());
                }
            }
            self.compare_with_heads(named)?;
            self.good = (lines.number, lines.end);
        }
        self.report.segments += 1;
        Ok(())
    }

    /// The heads name lines: those must be the ones that stand here.
    fn compare_with_heads(&self, named: &Named) -> Result<(), Finding> {
        let mark = self.walk.mark;
        let differs = |head: &Mark| head.seq == mark.seq && *head != mark;
        let what = if self.head.is_some_and(|head| differs(&head.mark)) {
            What::NotTheHead { since: self.walk.signed.saturating_add(1).min(mark.seq) }
        } else if self.expected.head.as_ref().is_some_and(differs) {
            What::NotTheExpectedLog
        } else if self.expected.anchor.as_ref().is_some_and(differs) {
            What::NotTheAnchor
        } else {
            return Ok(());
        };
        Err(Finding { seq: mark.seq, ..self.finding(what, named) })
    }

    /// Bytes without a newline at the end of a segment. After the head, in the last segment, a crash may leave them.
    fn torn(&mut self, at: usize, named: &Named, bytes: &[u8]) -> Result<(), Finding> {
        if bytes.len() >= LINE_BYTES_MAX || diagnose::lost_only_its_newline(&self.walk, bytes) {
            return Err(self.finding(What::Altered, named));
        }
        match self.segments.get(at + 1) {
            Some(next) => Err(self.finding(What::Truncated { through: next.first_seq.saturating_sub(1) }, named)),
            None => {
                self.report.torn_bytes = bytes.len() as u64;
                Ok(())
            }
        }
    }

    /// The segment `named` does not start with the next number.
    fn gap_before(&self, at: usize, named: &Named) -> Result<Finding, VerifyError> {
        let before = at.checked_sub(1).and_then(|before| self.segments.get(before));
        let header = diagnose::header_of(&named.path).map_err(VerifyError::unreadable(&named.path))?;
        Ok(match (before, header) {
            (Some(before), Some((_, previous))) if previous <= before.first_seq && named.first_seq > self.seq() => {
                self.finding(What::Truncated { through: named.first_seq - 1 }, before)
            }
            (_, Some((_, previous))) if named.first_seq > self.seq() => Finding::missing_segment(self.dir, previous),
            (_, None) => Finding { line: 1, ..Finding::altered(named, 0, 0) }.because(What::StraySegment),
            _ => Finding { line: 1, ..Finding::altered(named, 0, named.first_seq) },
        })
    }

    /// The log must reach as far as the heads say.
    fn end(&mut self) -> Result<(), Finding> {
        let mark = self.walk.mark;
        self.report.head = mark;
        self.report.unsigned = mark.seq.saturating_sub(self.walk.checkpoint.seq);
        let Some(last) = self.segments.last() else { return Ok(()) };
        match (self.head, self.expected.head) {
            (Some(head), _) if head.mark.seq > mark.seq && head.segment > last.first_seq => {
                Err(Finding::missing_segment(self.dir, head.segment))
            }
            (Some(head), _) if head.mark.seq > mark.seq => {
                Err(self.finding(What::Truncated { through: head.mark.seq }, last))
            }
            (_, Some(head)) if head.seq > mark.seq => Err(self.finding(What::NotTheExpectedLog, last)),
            _ if self.expected.anchor.is_some_and(|anchor| anchor.seq > mark.seq) => {
                Err(self.finding(What::NotTheAnchor, last))
            }
            _ => Ok(()),
        }
    }

    /// The number of the line that should come next.
    fn seq(&self) -> u64 {
        self.walk.mark.seq.saturating_add(1)
    }

    /// A finding at the place where the next line should start.
    fn finding(&self, what: What, named: &Named) -> Finding {
        let (line, offset) = (self.good.0 + 1, self.good.1);
        Finding { what, file: named.path.clone(), line, seq: self.seq(), offset }
    }
}

impl Report {
    fn empty() -> Self {
        Self {
            segments: 0,
            lines: 0,
            records: 0,
            first_time: String::new(),
            last_time: String::new(),
            head: Mark::START,
            unsigned: 0,
            set_aside: Vec::new(),
            torn_bytes: 0,
            public_key: [0; 32],
        }
    }

    fn count(&mut self, line: &Line<'_>) {
        self.lines += 1;
        self.records += u64::from(line.kind == "request");
        if self.lines == 1 {
            line.time.clone_into(&mut self.first_time);
        }
        line.time.clone_into(&mut self.last_time);
    }
}
