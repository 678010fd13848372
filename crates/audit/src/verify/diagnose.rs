//! Distinguishes what happened once the chain is broken: altered, removed, reordered or truncated lines.

use std::io;
use std::path::Path;

use crate::finding::FindingKind;

use crate::chain::{ChainBreak, ChainCheck};
use crate::directory::SegmentFile;
use crate::encoding::{decimal, hash_from_hex};
use crate::line::Line;
use crate::line_reader::{LineReader, ReadLine};

/// Why the line `bytes`, which ends at byte `end` of `segments[0]`, is not the expected next line.
pub(super) fn broken_line(
    chain: &ChainCheck<'_>,
    (broken, bytes): (ChainBreak, &[u8]),
    segments: &[SegmentFile],
    end: u64,
) -> io::Result<FindingKind> {
    let seq = chain.position.seq.saturating_add(1);
    let since = chain.signed.saturating_add(1);
    let found = match broken {
        ChainBreak::Malformed | ChainBreak::NoHeader => return Ok(FindingKind::Altered),
        ChainBreak::BadSignature => return Ok(FindingKind::BadSignature { since }),
        ChainBreak::NotNext(found) => found,
    };
    if found == seq || chain.only_number_is_wrong(bytes) {
        return Ok(FindingKind::Altered);
    }
    if found < seq || occurs_later(seq, segments, end)? {
        return Ok(FindingKind::Reordered { found });
    }
    Ok(FindingKind::MissingLines { through: found - 1 })
}

/// Whether line `seq` occurs after byte `from` of the first of `segments`, or in a later one.
fn occurs_later(seq: u64, segments: &[SegmentFile], from: u64) -> io::Result<bool> {
    let mut from = from;
    for segment_file in segments {
        let mut lines = LineReader::open_at(&segment_file.path, from)?;
        loop {
            match lines.next()? {
                ReadLine::EndOfFile => break,
                ReadLine::Complete(bytes) if Line::parse(bytes).is_some_and(|line| line.seq == seq) => return Ok(true),
                ReadLine::Complete(_) | ReadLine::Partial(_) => {}
            }
        }
        from = 0;
    }
    Ok(false)
}

/// Whether bytes without a newline are the whole next line with another byte in place of the newline.
pub(super) fn lost_only_its_newline(chain: &ChainCheck<'_>, torn: &[u8]) -> bool {
    let line = torn.split_last().and_then(|(_, line)| Line::parse(line));
    line.is_some_and(|line| line.follows(&chain.position))
}

/// What a segment's header says about the log before it: the chain hash, and the number of the first line of the
/// previous segment. `None` if the first line is not a header.
pub(super) fn header_of(path: &Path) -> io::Result<Option<([u8; 32], u64)>> {
    let mut lines = LineReader::open_at(path, 0)?;
    let ReadLine::Complete(bytes) = lines.next()? else { return Ok(None) };
    let Some(line) = Line::parse(bytes).filter(|line| line.kind == "segment") else { return Ok(None) };
    let previous = line.field("previous").and_then(hash_from_hex);
    Ok(previous.zip(line.field("previous_segment").and_then(decimal)))
}
