//! Searches a log: for the records of given requests, so that each is written only once even after a crash, and for the
//! lines after a given position.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::directory::{self, SegmentFile};
use crate::line::Line;
use crate::line_reader::{LineReader, ReadLine};

/// Finds which of `requests` have a record with the code `OK` in the log in `dir`. Reading starts at the segment that
/// contains the line after number `after`. Lines are not verified here; opening the log and [`crate::verify()`] do
/// that.
///
/// # Errors
/// Errors of the file system.
pub fn find_successful(dir: &Path, after: u64, requests: &BTreeSet<RequestId>) -> io::Result<BTreeSet<RequestId>> {
    let segments = directory::segments(dir)?;
    let from = segments.iter().rposition(|segment_file| segment_file.first_seq <= after.saturating_add(1)).unwrap_or(0);
    let (earlier, later) = segments.split_at_checked(from).unwrap_or_default();
    let mut found = BTreeSet::new();
    // If the log ends before that number, the number belongs to the log that was there before a reset.
    if search(later, requests, &mut found)? < after {
        search(earlier, requests, &mut found)?;
    }
    Ok(found)
}

/// Adds those of `requests` that have a successful record in these segments. Returns the number of the last line.
fn search(
    segments: &[SegmentFile],
    requests: &BTreeSet<RequestId>,
    found: &mut BTreeSet<RequestId>,
) -> io::Result<u64> {
    let mut last_seq = 0;
    for segment_file in segments {
        let mut lines = LineReader::open_at(&segment_file.path, 0)?;
        while let ReadLine::Complete(bytes) = lines.next()? {
            let Some(line) = Line::parse(bytes) else { continue };
            last_seq = line.seq;
            found.extend(successful_request(&line).filter(|request| requests.contains(request)));
        }
    }
    Ok(last_seq)
}

/// The lines of a log after a given position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinesAfter {
    /// How many lines.
    pub lines: u64,
    /// The earliest of their times; empty if there are no lines.
    pub earliest: String,
    /// The latest of their times.
    pub latest: String,
}

impl LinesAfter {
    /// A warning for the operator if the lines span more than ten seconds: the store records the last line of its log
    /// once a second.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        const NOTED_AFTER_S: i64 = 10;
        let Self { lines, earliest, latest } = self;
        let (from, to) = whole_second(earliest).zip(whole_second(latest))?;
        (to.saturating_sub(from) > NOTED_AFTER_S).then(|| {
            format!(
                "the audit log goes on for {lines} lines, from {earliest} to {latest}, after the last line that the store has \
                 recorded: longer than a running server leaves unrecorded. An older copy of the store was restored, or the \
                 store took no writes for a while"
            )
        })
    }

    fn add(&mut self, time: &str) {
        self.lines = self.lines.saturating_add(1);
        if whole_second(time).is_none() {
            return;
        }
        // Times in this form sort like texts. A clock can be set back, so the last line need not have the latest time.
        if self.earliest.is_empty() || time < self.earliest.as_str() {
            time.clone_into(&mut self.earliest);
        }
        if time > self.latest.as_str() {
            time.clone_into(&mut self.latest);
        }
    }
}

/// A line's time in whole seconds.
fn whole_second(time: &str) -> Option<i64> {
    Timestamp::parse_iso8601(&format!("{}Z", time.get(..19)?)).map(|time| time.unix_s())
}

/// The lines of the log in `dir` after number `after`, up to number `through`. Like [`find_successful`], this does not
/// verify them.
///
/// # Errors
/// Errors of the file system.
pub fn lines_after(dir: &Path, after: u64, through: u64) -> io::Result<LinesAfter> {
    let segments = directory::segments(dir)?;
    let from = segments.iter().rposition(|segment_file| segment_file.first_seq <= after.saturating_add(1)).unwrap_or(0);
    let mut counted = LinesAfter::default();
    // A segment that starts later does not matter here, and possibly does not belong to this log.
    let wanted =
        segments.get(from..).unwrap_or_default().iter().take_while(|segment_file| segment_file.first_seq <= through);
    for segment_file in wanted {
        let mut lines = LineReader::open_at(&segment_file.path, 0)?;
        while let ReadLine::Complete(bytes) = lines.next()? {
            if let Some(line) = Line::parse(bytes).filter(|line| line.seq > after && line.seq <= through) {
                counted.add(line.time);
            }
        }
    }
    Ok(counted)
}

/// The request id of a record with the code `OK`. Text from a request cannot imitate a JSON member, because its quotes
/// are escaped.
fn successful_request(line: &Line<'_>) -> Option<RequestId> {
    let is_successful = line.kind == "request" && line.field("code") == Some("OK");
    line.field("request_id").filter(|_| is_successful).and_then(RequestId::parse)
}
