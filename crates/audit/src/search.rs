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
    /// The earliest time that one of them names; empty without lines.
    pub earliest: String,
    /// The latest.
    pub latest: String,
}

impl Beyond {
    /// What to tell an operator when there are more than ten seconds of them: a store beside the log notes its last line once
    /// a second.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        const NOTED_AFTER_S: i64 = 10;
        let Self { lines, earliest, latest } = self;
        let (from, to) = whole_second(earliest).zip(whole_second(latest))?;
        (to.saturating_sub(from) > NOTED_AFTER_S).then(|| {
            format!(
                "the audit log goes on for {lines} lines, from {earliest} to {latest}, behind the line that the store has noted: \
                 longer than a running server leaves unnoted. An older copy of the store was put back, or the store took no \
                 writes for a while"
            )
        })
    }

    fn add(&mut self, time: &str) {
        self.lines = self.lines.saturating_add(1);
        if whole_second(time).is_none() {
            return;
        }
        // Times of one form sort as texts do. A clock can be set back, so the last line need not be the latest.
        if self.earliest.is_empty() || time < self.earliest.as_str() {
            time.clone_into(&mut self.earliest);
        }
        if time > self.latest.as_str() {
            time.clone_into(&mut self.latest);
        }
    }
}

/// The second of a line's time.
fn whole_second(time: &str) -> Option<i64> {
    Timestamp::parse_iso8601(&format!("{}Z", time.get(..19)?)).map(|time| time.unix_s())
}

/// The lines of the log in `dir` behind number `after`, up to number `through`. They are not checked here, as in
/// [`find_served`].
///
/// # Errors
/// Those of the file system.
pub fn lines_behind(dir: &Path, after: u64, through: u64) -> io::Result<Beyond> {
    let segments = segment::list(dir)?;
    let from = segments.iter().rposition(|named| named.first_seq <= after.saturating_add(1)).unwrap_or(0);
    let mut beyond = Beyond::default();
    // A segment that begins later is of no interest, and may be no file of this log.
    let wanted = segments.get(from..).unwrap_or_default().iter().take_while(|named| named.first_seq <= through);
    for named in wanted {
        let mut lines = Lines::open_at(&named.path, 0)?;
        while let Piece::Whole(bytes) = lines.next()? {
            if let Some(line) = Line::parse(bytes).filter(|line| line.seq > after && line.seq <= through) {
                beyond.add(line.time);
            }
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
