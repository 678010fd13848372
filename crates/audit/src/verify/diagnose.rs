//! Telling the ways apart once the chain stops holding: altered, removed, reordered, cut.

use std::io;
use std::path::Path;

use super::What;
use crate::line::{Line, link_from_hex};
use crate::lines::{Lines, Piece};
use crate::segment::Named;
use crate::state::{Break, Walk};

/// Why the line `bytes`, which ends at byte `end` of `segments[0]`, is not the next one.
pub(super) fn broken_line(
    walk: &Walk<'_>,
    (broken, bytes): (Break, &[u8]),
    segments: &[Named],
    end: u64,
) -> io::Result<What> {
    let seq = walk.mark.seq.saturating_add(1);
    let since = walk.signed.saturating_add(1);
    let found = match broken {
        Break::Form | Break::Header => return Ok(What::Altered),
        Break::Signature => return Ok(What::BadSignature { since }),
        Break::Link(found) => found,
    };
    if found == seq || walk.only_number_is_wrong(bytes) {
        return Ok(What::Altered);
    }
    if found < seq || stands_later(seq, segments, end)? {
        return Ok(What::Reordered { found });
    }
    Ok(What::MissingLines { through: found - 1 })
}

/// Whether line `seq` stands after byte `from` of the first of `segments`, or in a later one.
fn stands_later(seq: u64, segments: &[Named], from: u64) -> io::Result<bool> {
    let mut from = from;
    for named in segments {
        let mut lines = Lines::open_at(&named.path, from)?;
        loop {
            match lines.next()? {
                Piece::End => break,
                Piece::Whole(bytes) if Line::parse(bytes).is_some_and(|line| line.seq == seq) => return Ok(true),
                Piece::Whole(_) | Piece::Torn(_) => {}
            }
        }
        from = 0;
    }
    Ok(false)
}

/// Whether a piece without newline is the whole next line with something in the newline's place.
pub(super) fn lost_only_its_newline(walk: &Walk<'_>, torn: &[u8]) -> bool {
    let line = torn.split_last().and_then(|(_, line)| Line::parse(line));
    line.is_some_and(|line| line.follows(&walk.mark))
}

/// What a segment's header says of the log before it: the link, and the first number of the segment before.
/// `None` when the first line is not a header.
pub(super) fn header_of(path: &Path) -> io::Result<Option<([u8; 32], u64)>> {
    let mut lines = Lines::open_at(path, 0)?;
    let Piece::Whole(bytes) = lines.next()? else { return Ok(None) };
    let Some(line) = Line::parse(bytes).filter(|line| line.kind == "segment") else { return Ok(None) };
    let previous = line.field("previous").and_then(link_from_hex);
    Ok(previous.zip(line.field("previous_segment").and_then(crate::line::decimal)))
}
