//! The offline verifier: reports whether a directory holds the log as it was written, and if not, where it differs.
//!
//! It reads each segment once, in bounded memory, and needs no secret. It may run on a copy of a live log if `head` was
//! copied before the segments.

mod diagnose;

use std::path::Path;

use crate::chain::ChainCheck;
use crate::directory::{self, SegmentFile};
use crate::encoding::hash_from_hex;
use crate::error::VerifyError;
use crate::finding::{Finding, FindingKind};
use crate::head::HeadSlots;
use crate::line::{LINE_BYTES_MAX, Line};
use crate::line_reader::{LineReader, ReadLine};
use crate::position::{Head, LogPosition};
use crate::regular_file;
use crate::signing::SignatureVerifier;

/// Length of the public key file: 64 digits and a newline.
const PUBLIC_KEY_BYTES: u64 = 65;

/// What the caller knows from other sources.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    /// The log's Ed25519 public key. Without it, the copy in the directory is trusted.
    pub public_key: Option<[u8; 32]>,
    /// A position that the log must contain ([`crate::AuditLog::head`], kept on another host).
    pub head: Option<LogPosition>,
    /// The line that the instance's store has recorded; at most a second old while the log grows.
    pub anchor: Option<LogPosition>,
    /// Number of the first line that must be present; earlier segments were archived. 1 if absent.
    pub first_seq: Option<u64>,
}

/// The result for a log without findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Segment files read.
    pub segments: u64,
    /// Lines of all kinds.
    pub lines: u64,
    /// Signed lines of kind `request`.
    pub records: u64,
    /// Time of the first line; empty in an empty log.
    pub first_time: String,
    /// Time of the last line; empty in an empty log.
    pub last_time: String,
    /// The last line.
    pub head: LogPosition,
    /// Complete lines after the last checkpoint: never acknowledged, not signed, and of unproven origin.
    pub unsigned: u64,
    /// Files next to the segments into which earlier starts put such lines.
    pub set_aside: Vec<String>,
    /// Bytes of a broken last line after the head, left by a crash or by copying the log while it was written.
    pub torn_bytes: u64,
    /// The key that the signatures were checked with.
    pub public_key: [u8; 32],
}

/// Checks the log in `dir`.
///
/// # Errors
/// [`VerifyError::Damaged`] with the first finding; `Unreadable` if a file cannot be read; `NoLog`.
pub fn verify(dir: &Path, expected: &Expected) -> Result<Report, VerifyError> {
    let public_key = match expected.public_key {
        Some(key) => key,
        None => read_public_key(dir)?,
    };
    let verifier = SignatureVerifier::new(&public_key).ok_or_else(|| Finding::at_key(dir))?;
    // Read before the segments: a log that grows meanwhile is never shorter than its earlier head.
    let head = read_head(dir, &verifier)?;
    let segments = directory::segments(dir).map_err(VerifyError::unreadable(dir))?;
    if segments.is_empty() && head.newest.is_none() && head.bad_slots > 0 && !directory::head_path(dir).exists() {
        return Err(VerifyError::NoLog(dir.to_path_buf()));
    }
    let (stray, segment_file) = separate_empty(segments.clone())?;
    let read = |segments| Reading::new(dir, segments, &verifier, head.newest, expected).run();
    // An empty file may be all that is left of a segment. If the log has a fault without the empty files, reading it with them
    // names the emptied segment.
    let (report, records) = read(segment_file.as_slice()).or_else(|found| match stray.is_empty() {
        true => Err(found),
        false => read(segments.as_slice()).and(Err(found)),
    })?;
    if !head.is_sound {
        return Err(Finding::at_head(dir, FindingKind::BadHead).into());
    }
    if let Some(stray) = stray.first() {
        return Err(Finding::altered(stray, 0, 0).with_kind(FindingKind::StraySegment).into());
    }
    let set_aside = crate::set_aside::list(dir).map_err(VerifyError::unreadable(dir))?;
    Ok(Report { public_key, set_aside, records, ..report })
}

/// The public key in a log's directory.
///
/// # Errors
/// [`FindingKind::BadPublicKey`] if it is missing or malformed.
pub fn read_public_key(dir: &Path) -> Result<[u8; 32], VerifyError> {
    let path = dir.join(directory::PUBLIC_KEY);
    let text = match regular_file::read(&path, PUBLIC_KEY_BYTES + 1) {
        Err(error) if regular_file::is_not_regular(&error) => return Err(VerifyError::Unreadable(path, error)),
        read => String::from_utf8(read.unwrap_or_default()).unwrap_or_default(),
    };
    Ok(text.strip_suffix('\n').and_then(hash_from_hex).ok_or_else(|| Finding::at_key(dir))?)
}

/// Separates the empty files from the other segments. The log never leaves an empty segment, because a segment gets its
/// name only when its first line is durable.
fn separate_empty(segments: Vec<SegmentFile>) -> Result<(Vec<SegmentFile>, Vec<SegmentFile>), VerifyError> {
    let (mut empty, mut others) = (Vec::new(), Vec::new());
    for segment_file in segments {
        let opened = regular_file::open(&segment_file.path).and_then(|file| file.metadata());
        let length = opened.map_err(VerifyError::unreadable(&segment_file.path))?.len();
        if length == 0 { empty.push(segment_file) } else { others.push(segment_file) }
    }
    Ok((empty, others))
}

/// Reads the head. Tries again if a slot is bad: it was possibly read while it was being written.
fn read_head(dir: &Path, verifier: &SignatureVerifier) -> Result<HeadSlots, VerifyError> {
    let read = || HeadSlots::read(dir, verifier).map_err(VerifyError::unreadable(&directory::head_path(dir)));
    for _ in 0..3 {
        let head = read()?;
        if head.is_sound {
            return Ok(head);
        }
    }
    read()
}

/// One reading of a log from its first line to its last.
struct Reading<'a> {
    dir: &'a Path,
    segments: &'a [SegmentFile],
    head: Option<Head>,
    expected: &'a Expected,
    chain: ChainCheck<'a>,
    report: Report,
    /// Intact lines and bytes of the segment that is being read.
    good: (u64, u64),
    /// Requests up to the last checkpoint.
    signed_records: u64,
}

impl<'a> Reading<'a> {
    fn new(
        dir: &'a Path,
        segments: &'a [SegmentFile],
        verifier: &'a SignatureVerifier,
        head: Option<Head>,
        expected: &'a Expected,
    ) -> Self {
        let chain = ChainCheck::after(LogPosition::START, verifier);
        Self { dir, segments, head, expected, chain, report: Report::empty(), good: (0, 0), signed_records: 0 }
    }

    /// Reads the log. Returns its report and the number of its signed requests.
    fn run(mut self) -> Result<(Report, u64), VerifyError> {
        self.start()?;
        for (at, segment_file) in self.segments.iter().enumerate() {
            self.segment(at, segment_file)?;
        }
        self.end()?;
        Ok((self.report, self.signed_records))
    }

    /// Checks that the log begins where it should.
    fn start(&mut self) -> Result<(), VerifyError> {
        let first_seq = self.expected.first_seq.unwrap_or(1);
        let Some(segment_file) = self.segments.first().filter(|segment_file| segment_file.first_seq == first_seq)
        else {
            let finding = Finding::missing_segment(self.dir, first_seq);
            // The number of the first segment tells what to do if the segments before it were archived.
            let first = self
                .segments
                .first()
                .filter(|segment_file| segment_file.first_seq > first_seq)
                .map(|segment_file| segment_file.first_seq);
            return Err(finding
                .with_kind(first.map_or(FindingKind::MissingSegment, |found| FindingKind::BeginsAt { found }))
                .into());
        };
        if first_seq > 1 {
            let header =
                diagnose::header_of(&segment_file.path).map_err(VerifyError::unreadable(&segment_file.path))?;
            let (chain, _) =
                header.ok_or_else(|| Finding { line: 1, ..Finding::altered(segment_file, 0, first_seq) })?;
            self.chain = self.chain.restarted_after(LogPosition { seq: first_seq - 1, chain });
        }
        Ok(())
    }

    fn segment(&mut self, at: usize, segment_file: &SegmentFile) -> Result<(), VerifyError> {
        if segment_file.first_seq != self.seq() {
            return Err(self.gap_before(at, segment_file)?.into());
        }
        let unreadable = || VerifyError::unreadable(&segment_file.path);
        let mut lines = LineReader::open_at(&segment_file.path, 0).map_err(unreadable())?;
        self.good = (0, 0);
        loop {
            let bytes = match lines.next().map_err(unreadable())? {
                ReadLine::EndOfFile => break,
                ReadLine::Partial(bytes) => {
                    self.torn(at, segment_file, bytes)?;
                    break;
                }
                ReadLine::Complete(bytes) => bytes,
            };
            let header_of = (self.good.0 == 0).then_some(segment_file.first_seq);
            match self.chain.accept(bytes, header_of) {
                Ok(line) => {
                    self.report.count(&line);
                    if line.kind == "checkpoint" {
                        self.signed_records = self.report.records;
                    }
                }
                Err(broken) => {
                    let rest = self.segments.get(at..).unwrap_or_default();
                    let (broken, end) = ((broken, bytes.to_vec()), lines.end);
                    let kind =
                        diagnose::broken_line(&self.chain, (broken.0, &broken.1), rest, end).map_err(unreadable())?;
                    return Err(self.finding(kind, segment_file).into());
                }
            }
            self.compare_with_expected(segment_file)?;
            self.good = (lines.number, lines.end);
        }
        self.report.segments += 1;
        Ok(())
    }

    /// Compares the line just read with the heads and the anchor, if they name its number.
    fn compare_with_expected(&self, segment_file: &SegmentFile) -> Result<(), Finding> {
        let position = self.chain.position;
        let differs = |head: &LogPosition| head.seq == position.seq && *head != position;
        let kind = if self.head.is_some_and(|head| differs(&head.position)) {
            FindingKind::NotTheHead { since: self.chain.signed.saturating_add(1).min(position.seq) }
        } else if self.expected.head.as_ref().is_some_and(differs) {
            FindingKind::NotTheExpectedLog
        } else if self.expected.anchor.as_ref().is_some_and(differs) {
            FindingKind::NotTheAnchor
        } else {
            return Ok(());
        };
        Err(Finding { seq: position.seq, ..self.finding(kind, segment_file) })
    }

    /// Handles bytes without a newline at the end of a segment. A crash can leave such bytes only
    /// after the head, in the last segment.
    fn torn(&mut self, at: usize, segment_file: &SegmentFile, bytes: &[u8]) -> Result<(), Finding> {
        if bytes.len() >= LINE_BYTES_MAX || diagnose::lost_only_its_newline(&self.chain, bytes) {
            return Err(self.finding(FindingKind::Altered, segment_file));
        }
        match self.segments.get(at + 1) {
            Some(next) => {
                Err(self.finding(FindingKind::Truncated { through: next.first_seq.saturating_sub(1) }, segment_file))
            }
            None => {
                self.report.torn_bytes = bytes.len() as u64;
                Ok(())
            }
        }
    }

    /// The finding for a segment that does not start with the expected number.
    fn gap_before(&self, at: usize, segment_file: &SegmentFile) -> Result<Finding, VerifyError> {
        let before = at.checked_sub(1).and_then(|before| self.segments.get(before));
        let header = diagnose::header_of(&segment_file.path).map_err(VerifyError::unreadable(&segment_file.path))?;
        Ok(match (before, header) {
            (Some(before), Some((_, previous)))
                if previous <= before.first_seq && segment_file.first_seq > self.seq() =>
            {
                self.finding(FindingKind::Truncated { through: segment_file.first_seq - 1 }, before)
            }
            (_, Some((_, previous))) if segment_file.first_seq > self.seq() => {
                Finding::missing_segment(self.dir, previous)
            }
            (_, None) => {
                Finding { line: 1, ..Finding::altered(segment_file, 0, 0) }.with_kind(FindingKind::StraySegment)
            }
            _ => Finding { line: 1, ..Finding::altered(segment_file, 0, segment_file.first_seq) },
        })
    }

    /// Checks that the log reaches as far as the heads and the anchor say.
    fn end(&mut self) -> Result<(), Finding> {
        let position = self.chain.position;
        self.report.head = position;
        self.report.unsigned = position.seq.saturating_sub(self.chain.checkpoint.seq);
        let Some(last) = self.segments.last() else { return Ok(()) };
        match (self.head, self.expected.head) {
            (Some(head), _) if head.position.seq > position.seq && head.segment > last.first_seq => {
                Err(Finding::missing_segment(self.dir, head.segment))
            }
            (Some(head), _) if head.position.seq > position.seq => {
                Err(self.finding(FindingKind::Truncated { through: head.position.seq }, last))
            }
            (_, Some(head)) if head.seq > position.seq => Err(self.finding(FindingKind::NotTheExpectedLog, last)),
            _ if self.expected.anchor.is_some_and(|anchor| anchor.seq > position.seq) => {
                Err(self.finding(FindingKind::NotTheAnchor, last))
            }
            _ => Ok(()),
        }
    }

    /// The number of the expected next line.
    fn seq(&self) -> u64 {
        self.chain.position.seq.saturating_add(1)
    }

    /// A finding at the place where the next line should start.
    fn finding(&self, kind: FindingKind, segment_file: &SegmentFile) -> Finding {
        let (line, offset) = (self.good.0 + 1, self.good.1);
        Finding { kind, file: segment_file.path.clone(), line, seq: self.seq(), offset }
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
            head: LogPosition::START,
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
