//! Opening a log: finding its end from the head on, and mending what a crash left.
//!
//! Rule: only what was never acknowledged is cut, and what nothing vouches for is never signed. Groups become durable one after the other, so damage that a crash can
//! leave lies in the last group: whatever is broken before a later group, or before the head, was done to the log.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::OpenError;
use crate::head::HeadRead;
use crate::line::{Head, Line, Mark, TAIL_BYTES};
use crate::lines::{Lines, Piece};
use crate::regular;
use crate::seal::Checker;
use crate::segment::{self, Named};
use crate::state::Walk;
use crate::verify::{Finding, What};
use crate::writer::GROUP_BYTES_MAX;

/// Where a log ends, and what has to be mended there.
#[derive(Debug)]
pub(crate) struct Found {
    /// The last signed line; segment and offset of its end.
    pub(crate) end: Head,
    pub(crate) segment: Named,
    /// The newest slot of the head and its number.
    pub(crate) head: HeadRead,
    /// What stands behind the end.
    pub(crate) behind: Behind,
}

/// What stands behind the last signed line: never acknowledged, and nothing proves who wrote it.
#[derive(Debug, Default)]
pub(crate) struct Behind {
    /// Complete lines that continue the chain.
    pub(crate) lines: u64,
    /// Bytes behind them that are no such lines.
    pub(crate) broken_bytes: u64,
    /// Segments behind that of the end; nothing in them is signed.
    pub(crate) segments: Vec<Named>,
}

/// Finds the end of the log in `dir` without changing anything, but that an interrupted creation is completed. `anchor` is a
/// line that the log must contain.
pub(crate) fn find_end(dir: &Path, checker: &Checker, anchor: Option<Mark>) -> Result<Found, OpenError> {
    let read = HeadRead::read(dir, checker).map_err(OpenError::io(crate::head::path(dir)))?;
    // Without an anchor nothing tells a damaged head from one that was made to point back. Heads without numbers are of logs
    // from before there were anchors.
    let is_usable = if anchor.is_some() { read.number.is_some() } else { read.is_sound || read.number.is_none() };
    let Some(head) = read.newest.filter(|_| is_usable) else {
        return Err(OpenError::Damaged(Finding::at_head(dir, What::BadHead)));
    };
    complete_creation(dir, &head).map_err(OpenError::io(dir))?;
    let segments = segment::list(dir).map_err(OpenError::io(dir))?;
    let Some(from) = segments.iter().position(|named| named.first_seq == head.segment) else {
        return Err(OpenError::Damaged(Finding::missing_segment(dir, head.segment)));
    };
    let tail = segments.get(from..).unwrap_or_default();
    walk_tail(tail, head, read, checker, anchor)
}

/// A crash while the log was created leaves the head and the first segment still under its waiting name.
fn complete_creation(dir: &Path, head: &Head) -> io::Result<()> {
    let waiting = segment::next_path(dir);
    // A segment that waits for its turn is empty; only that of a creation reaches as far as the head says.
    let is_written = std::fs::metadata(&waiting).is_ok_and(|metadata| metadata.len() == head.offset);
    if head.segment == 1 && is_written && segment::list(dir)?.is_empty() {
        std::fs::rename(waiting, dir.join(segment::file_name(1)))?;
        segment::sync_dir(dir)?;
    }
    Ok(())
}

fn walk_tail(
    tail: &[Named],
    head: Head,
    read: HeadRead,
    checker: &Checker,
    anchor: Option<Mark>,
) -> Result<Found, OpenError> {
    let Some(first) = tail.first() else { return Err(OpenError::Missing(Path::new("audit").to_path_buf())) };
    check_head_line(first, &head)?;
    let mut reached = Reached { walk: Walk::after(head.mark, checker), end: head, anchor };
    let (mut behind, mut segment) = (Behind::default(), first.clone());
    for (at, named) in tail.iter().enumerate() {
        let io = || OpenError::io(named.path.as_path());
        let start = if at == 0 { head.offset } else { 0 };
        let (good, left) = walk_segment(named, start, &mut reached).map_err(io())?;
        if left > 0
            && (!are_empty(tail.get(at + 1..).unwrap_or_default()).map_err(io())?
                || !is_crash_debris(named, good, left)?)
        {
            return Err(OpenError::Damaged(Finding::altered(named, good, reached.walk.mark.seq.saturating_add(1))));
        }
        // An empty file has nothing that is broken; what is broken before it still is.
        if good + left > 0 {
            behind.broken_bytes = left;
        }
        if reached.end.segment == named.first_seq {
            segment = named.clone();
            behind.segments.clear();
        } else {
            behind.segments.push(named.clone());
        }
    }
    let end = reached.end;
    if let Some(anchor) = anchor.filter(|anchor| !reached.contains(anchor, &head)) {
        return Err(OpenError::Damaged(
            Finding { seq: anchor.seq, ..Finding::altered(&segment, end.offset, 0) }.because(What::NotTheAnchor),
        ));
    }
    behind.lines = reached.walk.mark.seq.saturating_sub(end.mark.seq);
    Ok(Found { end, segment, head: read, behind })
}

/// Whether there is nothing in these files. The log never leaves an empty one, so that they tell nothing of it.
fn are_empty(segments: &[Named]) -> io::Result<bool> {
    for named in segments {
        if regular::open(&named.path)?.metadata()?.len() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The last line that `checker`'s key has signed in what is left of a log, as far as it can be read. Changes nothing.
pub(crate) fn last_signed(dir: &Path, checker: &Checker) -> Option<Mark> {
    let read = HeadRead::read(dir, checker).ok()?;
    let head = read.newest?;
    let segments = segment::list(dir).ok()?;
    let from = segments.iter().position(|named| named.first_seq == head.segment);
    let found = from.and_then(|from| walk_tail(segments.get(from..)?, head, read, checker, None).ok());
    Some(found.map_or(head.mark, |found| found.end.mark))
}

/// How far a walk behind the head has got.
struct Reached<'a> {
    walk: Walk<'a>,
    /// The last signed line.
    end: Head,
    /// A line that the log must contain; its number with another link once such a line was seen.
    anchor: Option<Mark>,
}

impl Reached<'_> {
    /// Takes the line that ends at `offset` of `segment`.
    fn step(&mut self, bytes: &[u8], header_of: Option<u64>, segment: u64, offset: u64) -> bool {
        if self.walk.step(bytes, header_of).is_err() {
            return false;
        }
        let mark = self.walk.mark;
        if self.anchor.is_some_and(|anchor| anchor.seq == mark.seq) {
            self.anchor = Some(mark);
        }
        if self.walk.checkpoint == mark {
            self.end = Head { mark, segment, offset };
        }
        true
    }

    /// Whether the log contains `anchor`: signed before the head, or among the lines behind it.
    fn contains(&self, anchor: &Mark, head: &Head) -> bool {
        let is_before_head = anchor.seq < head.mark.seq || *anchor == head.mark;
        is_before_head
            || (anchor.seq > head.mark.seq && anchor.seq <= self.end.mark.seq && self.anchor == Some(*anchor))
    }
}

/// The line that the head names must end where the head says.
fn check_head_line(named: &Named, head: &Head) -> Result<(), OpenError> {
    let io = || OpenError::io(named.path.as_path());
    let mut file = regular::open(&named.path).map_err(io())?;
    let length = file.metadata().map_err(io())?.len();
    if length < head.offset {
        return Err(OpenError::Damaged(Finding::truncated(named, head, length)));
    }
    let tail = TAIL_BYTES as u64 + 1;
    let start = head.offset.saturating_sub(tail);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(io())?;
    file.take(tail).read_to_end(&mut bytes).map_err(io())?;
    if bytes != format!(",\"chain\":\"{}\"}}\n", hex::encode(head.mark.chain)).as_bytes() {
        return Err(OpenError::Damaged(Finding::altered(named, start, head.mark.seq)));
    }
    Ok(())
}

/// Follows the chain from `start`; where it stops holding, and how many bytes are left from there.
fn walk_segment(named: &Named, start: u64, reached: &mut Reached<'_>) -> io::Result<(u64, u64)> {
    let length = std::fs::metadata(&named.path)?.len();
    let mut lines = Lines::open_at(&named.path, start)?;
    let mut good = start;
    loop {
        let header_of = (good == 0).then_some(named.first_seq);
        let piece = lines.next()?;
        let Piece::Whole(bytes) = piece else { return Ok((good, length.saturating_sub(good))) };
        let end = good.saturating_add(bytes.len() as u64).saturating_add(1);
        if !reached.step(bytes, header_of, named.first_seq, end) {
            return Ok((good, length.saturating_sub(good)));
        }
        good = end;
    }
}

/// Whether the `left` bytes from `good` on can be one group that was being written: not larger than one, and nothing
/// follows its checkpoint.
fn is_crash_debris(named: &Named, good: u64, left: u64) -> Result<bool, OpenError> {
    if left > GROUP_BYTES_MAX {
        return Ok(false);
    }
    let io = || OpenError::io(named.path.as_path());
    let mut lines = Lines::open_at(&named.path, good).map_err(io())?;
    let mut after_checkpoint = false;
    loop {
        match lines.next().map_err(io())? {
            Piece::End => return Ok(true),
            Piece::Whole(_) | Piece::Torn(_) if after_checkpoint => return Ok(false),
            Piece::Whole(bytes) => after_checkpoint = Line::parse(bytes).is_some_and(|line| line.kind == "checkpoint"),
            Piece::Torn(_) => {}
        }
    }
}
