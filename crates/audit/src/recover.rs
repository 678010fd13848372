//! Opening a log: finds its end, starting at the head, and repairs what a crash left.
//!
//! Rule: only unacknowledged bytes are cut off, and nothing of unproven origin is ever signed. Groups become durable
//! one after another, so a crash can only damage the last group. Any damage before a later group, or before the head,
//! was done on purpose or by the disk.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::chain::ChainCheck;
use crate::directory::{self, SegmentFile};
use crate::error::OpenError;
use crate::finding::{Finding, FindingKind};
use crate::group::GROUP_BYTES_MAX;
use crate::head::HeadSlots;
use crate::line::{Line, TAIL_BYTES};
use crate::line_reader::{LineReader, ReadLine};
use crate::position::{Head, LogPosition};
use crate::regular_file;
use crate::signing::SignatureVerifier;

/// Where a log ends, and what follows its end.
#[derive(Debug)]
pub(crate) struct LogEnd {
    /// The last signed line, with the segment and offset where it ends.
    pub(crate) end: Head,
    pub(crate) segment: SegmentFile,
    /// The content of the head file.
    pub(crate) head: HeadSlots,
    /// What follows the end.
    pub(crate) unsigned_tail: UnsignedTail,
}

/// What follows the last signed line: never acknowledged, and of unproven origin.
#[derive(Debug, Default)]
pub(crate) struct UnsignedTail {
    /// Complete lines that continue the chain.
    pub(crate) lines: u64,
    /// Bytes after those lines that do not continue the chain.
    pub(crate) broken_bytes: u64,
    /// Segments after the one in which the log ends; nothing in them is signed.
    pub(crate) segments: Vec<SegmentFile>,
}

/// Finds the end of the log in `dir`. Changes nothing, except that it finishes an interrupted creation. `anchor` is a
/// line that the log must contain.
pub(crate) fn find_end(
    dir: &Path,
    verifier: &SignatureVerifier,
    anchor: Option<LogPosition>,
) -> Result<LogEnd, OpenError> {
    let read = HeadSlots::read(dir, verifier).map_err(OpenError::io(directory::head_path(dir)))?;
    // Without an anchor, a damaged head cannot be told from a head that was forged to point further back. Heads without numbers
    // belong to logs from before anchors existed.
    let is_usable = if anchor.is_some() { read.number.is_some() } else { read.is_sound || read.number.is_none() };
    let Some(head) = read.newest.filter(|_| is_usable) else {
        return Err(OpenError::Damaged(Finding::at_head(dir, FindingKind::BadHead)));
    };
    complete_creation(dir, &head).map_err(OpenError::io(dir))?;
    let segments = directory::segments(dir).map_err(OpenError::io(dir))?;
    let Some(from) = segments.iter().position(|segment_file| segment_file.first_seq == head.segment) else {
        return Err(OpenError::Damaged(Finding::missing_segment(dir, head.segment)));
    };
    let tail = segments.get(from..).unwrap_or_default();
    scan_tail(tail, head, read, verifier, anchor)
}

/// Finishes a creation that a crash interrupted: the head exists, but the first segment still has its temporary name.
fn complete_creation(dir: &Path, head: &Head) -> io::Result<()> {
    let waiting = directory::next_path(dir);
    // A preallocated segment is empty. Only the first segment of a new log already reaches as far as the head says.
    let is_written = std::fs::metadata(&waiting).is_ok_and(|metadata| metadata.len() == head.offset);
    if head.segment == 1 && is_written && directory::segments(dir)?.is_empty() {
        std::fs::rename(waiting, dir.join(directory::segment_file_name(1)))?;
        directory::sync_dir(dir)?;
    }
    Ok(())
}

fn scan_tail(
    tail: &[SegmentFile],
    head: Head,
    read: HeadSlots,
    verifier: &SignatureVerifier,
    anchor: Option<LogPosition>,
) -> Result<LogEnd, OpenError> {
    let Some(first) = tail.first() else { return Err(OpenError::Missing(Path::new("audit").to_path_buf())) };
    check_head_line(first, &head)?;
    let mut scan = TailScan { chain: ChainCheck::after(head.position, verifier), end: head, anchor };
    let (mut unsigned_tail, mut segment) = (UnsignedTail::default(), first.clone());
    for (at, segment_file) in tail.iter().enumerate() {
        let io = || OpenError::io(segment_file.path.as_path());
        let start = if at == 0 { head.offset } else { 0 };
        let (good, left) = scan_segment(segment_file, start, &mut scan).map_err(io())?;
        if left > 0
            && (!are_empty(tail.get(at + 1..).unwrap_or_default()).map_err(io())?
                || !is_crash_debris(segment_file, good, left)?)
        {
            return Err(OpenError::Damaged(Finding::altered(
                segment_file,
                good,
                scan.chain.position.seq.saturating_add(1),
            )));
        }
        // An empty file holds no broken bytes; the bytes of the file before it still count.
        if good + left > 0 {
            unsigned_tail.broken_bytes = left;
        }
        if scan.end.segment == segment_file.first_seq {
            segment = segment_file.clone();
            unsigned_tail.segments.clear();
        } else {
            unsigned_tail.segments.push(segment_file.clone());
        }
    }
    let end = scan.end;
    if let Some(anchor) = anchor.filter(|anchor| !scan.contains(anchor, &head)) {
        return Err(OpenError::Damaged(
            Finding { seq: anchor.seq, ..Finding::altered(&segment, end.offset, 0) }
                .with_kind(FindingKind::NotTheAnchor),
        ));
    }
    unsigned_tail.lines = scan.chain.position.seq.saturating_sub(end.position.seq);
    Ok(LogEnd { end, segment, head: read, unsigned_tail })
}

/// Whether these files are all empty. The log never leaves an empty segment, so an empty one does not belong to it.
fn are_empty(segments: &[SegmentFile]) -> io::Result<bool> {
    for segment_file in segments {
        if regular_file::open(&segment_file.path)?.metadata()?.len() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The last line of a damaged log that `verifier`'s key has signed, as far as the log can be read. Changes nothing.
pub(crate) fn last_signed(dir: &Path, verifier: &SignatureVerifier) -> Option<LogPosition> {
    let read = HeadSlots::read(dir, verifier).ok()?;
    let head = read.newest?;
    let segments = directory::segments(dir).ok()?;
    let from = segments.iter().position(|segment_file| segment_file.first_seq == head.segment);
    let found = from.and_then(|from| scan_tail(segments.get(from..)?, head, read, verifier, None).ok());
    Some(found.map_or(head.position, |found| found.end.position))
}

/// The state of a scan after the head.
struct TailScan<'a> {
    chain: ChainCheck<'a>,
    /// The last signed line.
    end: Head,
    /// A line that the log must contain. Once a line with its number has been read, this is the position of the line
    /// that was read.
    anchor: Option<LogPosition>,
}

impl TailScan<'_> {
    /// Checks the line that ends at `offset` of `segment`.
    fn accept(&mut self, bytes: &[u8], header_of: Option<u64>, segment: u64, offset: u64) -> bool {
        if self.chain.accept(bytes, header_of).is_err() {
            return false;
        }
        let position = self.chain.position;
        if self.anchor.is_some_and(|anchor| anchor.seq == position.seq) {
            self.anchor = Some(position);
        }
        if self.chain.checkpoint == position {
            self.end = Head { position, segment, offset };
        }
        true
    }

    /// Whether the log contains `anchor`: before the head, or among the signed lines after it.
    fn contains(&self, anchor: &LogPosition, head: &Head) -> bool {
        let is_before_head = anchor.seq < head.position.seq || *anchor == head.position;
        is_before_head
            || (anchor.seq > head.position.seq && anchor.seq <= self.end.position.seq && self.anchor == Some(*anchor))
    }
}

/// Checks that the line which the head names ends where the head says.
fn check_head_line(segment_file: &SegmentFile, head: &Head) -> Result<(), OpenError> {
    let io = || OpenError::io(segment_file.path.as_path());
    let mut file = regular_file::open(&segment_file.path).map_err(io())?;
    let length = file.metadata().map_err(io())?.len();
    if length < head.offset {
        return Err(OpenError::Damaged(Finding::truncated(segment_file, head, length)));
    }
    let tail = TAIL_BYTES as u64 + 1;
    let start = head.offset.saturating_sub(tail);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(io())?;
    file.take(tail).read_to_end(&mut bytes).map_err(io())?;
    if bytes != format!(",\"chain\":\"{}\"}}\n", hex::encode(head.position.chain)).as_bytes() {
        return Err(OpenError::Damaged(Finding::altered(segment_file, start, head.position.seq)));
    }
    Ok(())
}

/// Follows the chain from `start`. Returns the offset up to which it is intact, and how many bytes follow.
fn scan_segment(segment_file: &SegmentFile, start: u64, scan: &mut TailScan<'_>) -> io::Result<(u64, u64)> {
    let length = std::fs::metadata(&segment_file.path)?.len();
    let mut lines = LineReader::open_at(&segment_file.path, start)?;
    let mut good = start;
    loop {
        let header_of = (good == 0).then_some(segment_file.first_seq);
        let piece = lines.next()?;
        let ReadLine::Complete(bytes) = piece else { return Ok((good, length.saturating_sub(good))) };
        let end = good.saturating_add(bytes.len() as u64).saturating_add(1);
        if !scan.accept(bytes, header_of, segment_file.first_seq, end) {
            return Ok((good, length.saturating_sub(good)));
        }
        good = end;
    }
}

/// Whether the `left` bytes from `good` on can be one group that was being written: they are no more than one group,
/// and nothing follows a checkpoint.
fn is_crash_debris(segment_file: &SegmentFile, good: u64, left: u64) -> Result<bool, OpenError> {
    if left > GROUP_BYTES_MAX {
        return Ok(false);
    }
    let io = || OpenError::io(segment_file.path.as_path());
    let mut lines = LineReader::open_at(&segment_file.path, good).map_err(io())?;
    let mut after_checkpoint = false;
    loop {
        match lines.next().map_err(io())? {
            ReadLine::EndOfFile => return Ok(true),
            ReadLine::Complete(_) | ReadLine::Partial(_) if after_checkpoint => return Ok(false),
            ReadLine::Complete(bytes) => {
                after_checkpoint = Line::parse(bytes).is_some_and(|line| line.kind == "checkpoint");
            }
            ReadLine::Partial(_) => {}
        }
    }
}
