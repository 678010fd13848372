//! Looking for the records of known requests, so that each is written once only, whatever a crash cut off.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

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

/// The request of a record with the code `OK`. Texts of strangers cannot look like a member: their quotes are escaped.
fn served(bytes: &[u8]) -> Option<RequestId> {
    let line = Line::parse(bytes).filter(|line| line.kind == "request")?;
    let is_served = line.field("code") == Some("OK");
    line.field("request_id").filter(|_| is_served).and_then(RequestId::parse)
}
