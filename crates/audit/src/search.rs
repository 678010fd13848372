//! Looking through a log for the records of known requests, so that each is written once only, whatever a crash cut off;
//! and for how much stands behind a line.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::line::Line;
use crate::lines::{Lines, Piece};
use crate::segment;

/// Which of `requests` the log in `dir` has a record of with the code `OK`, from the segment on that holds the line behind
/// number `after`. Lines are not checked here: opening the log and [`crate::verify()`] do.
///
/// # Errors
/// Those of the file system.
pub fn find_served(dir: &Path, after: u64, requests: &BTreeSet<RequestId>) -> io::Result<BTreeSet<RequestId>> {
    let segments = segment::list(dir)?;
    // A log that was begun anew has smaller numbers than those that were noted before.
    let from = segments.iter().rposition(|named| named.first_seq <= after.saturating_add(1)).unwrap_or(0);
    let mut found = BTreeSet::new();
    for named in segments.get(from..).unwrap_or_default() {
        let mut lines = Lines::open_at(&named.path, 0)?;
        while let Piece::Whole(bytes) = lines.next()? {
            found.extend(served(bytes).filter(|request| requests.contains(request)));
        }
    }
    Ok(found)
}

/// Lines of a log that stand behind a certain one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beyond {
    /// How many.
    pub lines: u64,
    /// When the first was written, as it says.
    pub first_time: String,
    /// When the last was.
    pub last_time: String,
}

impl Beyond {
    /// Whether there are more than ten seconds of them: a store beside the log notes its last line once a second.
    #[must_use]
    pub fn is_long(&self) -> bool {
        const NOTED_AFTER_S: i64 = 10;
        let whole_second = |time: &str| Timestamp::parse_iso8601(&format!("{}Z", time.get(..19)?));
        let times = whole_second(&self.first_time).zip(whole_second(&self.last_time));
        times.is_some_and(|(first, last)| last.unix_s().saturating_sub(first.unix_s()) > NOTED_AFTER_S)
    }
}

/// The lines of the log in `dir` behind number `after`. They are not checked here, as in [`find_served`].
///
/// # Errors
/// Those of the file system.
pub fn lines_behind(dir: &Path, after: u64) -> io::Result<Beyond> {
    let segments = segment::list(dir)?;
    let from = segments.iter().rposition(|named| named.first_seq <= after.saturating_add(1)).unwrap_or(0);
    let mut beyond = Beyond::default();
    for named in segments.get(from..).unwrap_or_default() {
        let mut lines = Lines::open_at(&named.path, 0)?;
        while let Piece::Whole(bytes) = lines.next()? {
            let Some(line) = Line::parse(bytes).filter(|line| line.seq > after) else { continue };
            if beyond.lines == 0 {
                line.time.clone_into(&mut beyond.first_time);
            }
            line.time.clone_into(&mut beyond.last_time);
            beyond.lines = beyond.lines.saturating_add(1);
        }
    }
    Ok(beyond)
}

/// The request of a record with the code `OK`. Texts of strangers cannot look like a member: their quotes are escaped.
fn served(bytes: &[u8]) -> Option<RequestId> {
    let line = Line::parse(bytes).filter(|line| line.kind == "request")?;
    let is_served = line.field("code") == Some("OK");
    line.field("request_id").filter(|_| is_served).and_then(RequestId::parse)
}
