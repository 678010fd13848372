//! Opening a log: finding its end from the head on, and mending what a crash left.
//!
//! Rule: only what was never acknowledged is cut. Groups become durable one after the other, so damage that a crash can
//! leave lies in the last group: whatever is broken before a later group, or before the head, was done to the log.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::OpenError;
use crate::group::Mended;
use crate::head::{Head, HeadRead};
use crate::line::{Line, TAIL_BYTES};
use crate::lines::{Lines, Piece};
use crate::seal::Checker;
use crate::segment::{self, Named};
use crate::state::Walk;
use crate::verify::{Finding, What};
use crate::writer::GROUP_BYTES_MAX;

/// Where a log ends, and what has to be mended there.
#[derive(Debug)]
pub(crate) struct Found {
    /// The last line; segment and offset of its end.
    pub(crate) end: Head,
    pub(crate) segment: Named,
    pub(crate) newest_slot: u64,
    pub(crate) mended: Option<Mended>,
}

/// Finds the end of the log in `dir` without changing anything, but that an interrupted creation is completed.
pub(crate) fn find_end(dir: &Path, checker: &Checker) -> Result<Found, OpenError> {
    let read = HeadRead::read(dir, checker).map_err(OpenError::io(crate::head::path(dir)))?;
    let Some((head, newest_slot)) = read.newest else {
        return Err(OpenError::Damaged(Finding::at_head(dir, What::BadHead)));
    };
    complete_creation(dir, &head).map_err(OpenError::io(dir))?;
    let segments = segment::list(dir).map_err(OpenError::io(dir))?;
    let Some(from) = segments.iter().position(|named| named.first_seq == head.segment) else {
        return Err(OpenError::Damaged(Finding::missing_segment(dir, head.segment)));
    };
    let tail = segments.get(from..).unwrap_or_default();
    let mut found = walk_tail(tail, head, checker)?;
    found.newest_slot = newest_slot;
    if read.bad_slots > 0 {
        found.mended.get_or_insert(Mended::because("unreadable head slot")).bad_head_slots = read.bad_slots;
    }
    Ok(found)
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

fn walk_tail(tail: &[Named], head: Head, checker: &Checker) -> Result<Found, OpenError> {
    let mut walk = Walk::after(head.mark, checker);
    let mut end = head;
    let mut cut_bytes = 0;
    let mut last = None;
    for (at, named) in tail.iter().enumerate() {
        let io = OpenError::io(named.path.as_path());
        let start = if at == 0 { head.offset } else { 0 };
        if at == 0 {
            check_head_line(named, &head)?;
        }
        let (good, left) = walk_segment(named, start, &mut walk).map_err(io)?;
        if left > 0 && (at + 1 < tail.len() || !is_crash_debris(named, good, left)?) {
            return Err(OpenError::Damaged(Finding::altered(named, good, walk.mark.seq.saturating_add(1))));
        }
        end = Head { mark: walk.mark, segment: named.first_seq, offset: good };
        cut_bytes = left;
        last = Some(named.clone());
    }
    let segment = last.ok_or_else(|| OpenError::Missing(Path::new("audit").to_path_buf()))?;
    let unsigned = walk.mark.seq.saturating_sub(walk.checkpoint);
    let is_clean = cut_bytes == 0 && unsigned == 0;
    let mended = (!is_clean).then(|| Mended { cut_bytes, unsigned, ..Mended::because("interrupted write") });
    Ok(Found { end, segment, newest_slot: 0, mended })
}

/// The line that the head names must end where the head says.
fn check_head_line(named: &Named, head: &Head) -> Result<(), OpenError> {
    let io = || OpenError::io(named.path.as_path());
    let mut file = File::open(&named.path).map_err(io())?;
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
fn walk_segment(named: &Named, start: u64, walk: &mut Walk<'_>) -> io::Result<(u64, u64)> {
    let length = std::fs::metadata(&named.path)?.len();
    let mut lines = Lines::open_at(&named.path, start)?;
    let mut good = start;
    loop {
        let header_of = (good == 0).then_some(named.first_seq);
        match lines.next()? {
            Piece::Whole(bytes) if walk.step(bytes, header_of).is_ok() => good = lines.end,
            Piece::End | Piece::Torn(_) | Piece::Whole(_) => return Ok((good, length.saturating_sub(good))),
        }
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
