//! Searching a log for the records of given requests.

use std::collections::BTreeSet;

use claviger_audit::{AuditLog, AuditRecord, LinesAfter, find_successful, lines_after};
use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::fixture::{check, config, filled, record};

fn new_ids<const N: usize>() -> [RequestId; N] {
    [(); N].map(|()| RequestId::generate().unwrap())
}

#[test]
fn only_successful_requests_after_the_number_are_found_across_segments() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    let [early, refused, named, served, absent] = new_ids();
    // Small segments: the search begins within one and continues over several.
    let log = AuditLog::create(config(&dir, 4096)).unwrap();
    let append = |record: AuditRecord| log.append_blocking(record).unwrap();
    append(AuditRecord { request_id: early.clone(), code: "OK".to_owned(), ..record() });
    for _ in 0..20 {
        append(record());
    }
    let after = log.head().seq;
    append(AuditRecord { request_id: refused.clone(), code: "InternalFailure".to_owned(), ..record() });
    for _ in 0..20 {
        // A name that looks like the record of another request.
        let text = format!("\",\"request_id\":\"{named}\",\"code\":\"OK\",\"x\":\"");
        append(AuditRecord { code: "NotFound".to_owned(), key_id: Some(text), ..record() });
    }
    append(AuditRecord { request_id: served.clone(), code: "OK".to_owned(), ..record() });
    let end = log.head().seq;
    drop(log);
    let all: BTreeSet<RequestId> = [&early, &refused, &named, &served, &absent].into_iter().cloned().collect();
    assert_eq!(find_successful(&dir, after, &all).unwrap(), BTreeSet::from([served.clone()]));
    let both = BTreeSet::from([early, served]);
    assert_eq!(find_successful(&dir, 0, &all).unwrap(), both);
    // A number that the log does not reach belongs to the log before a reset: the whole log is searched.
    for after in [end + 1, u64::MAX] {
        assert_eq!(find_successful(&dir, after, &all).unwrap(), both);
    }
}

#[test]
fn lines_after_a_line_are_counted_and_timed() {
    let dir = filled(5);
    let end = check(dir.path()).unwrap().head.seq;
    assert_eq!(lines_after(dir.path(), end, u64::MAX).unwrap(), LinesAfter::default());
    // A single segment: another one would begin with a line of its own.
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    for s in [0, 10, 11] {
        let time = Timestamp::from_unix_s(1_767_323_045 + s);
        log.append_blocking(AuditRecord { time, ..record() }).unwrap();
    }
    drop(log);
    // Every record is followed by its checkpoint, which has the clock's time.
    let after = lines_after(dir.path(), end, u64::MAX).unwrap();
    assert_eq!(after.lines, 6);
    let warning = after.warning().unwrap();
    assert!(warning.contains("goes on for 6 lines, from 2026-01-02T03:04:05.000Z to 20"), "{warning}");
    // A running server adds lines after those that were verified.
    let bounded = lines_after(dir.path(), end, end + 1).unwrap();
    assert_eq!((bounded.lines, bounded.warning()), (1, None));
}

/// The times come from a clock that can be set back.
#[test]
fn the_lines_after_span_the_earliest_to_the_latest_time() {
    let dir = filled(1);
    let end = check(dir.path()).unwrap().head.seq;
    // A single segment: another one would begin with a line of its own.
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    for s in [5_000_000_000_i64, 0, 4_000_000_000] {
        log.append_blocking(AuditRecord { time: Timestamp::from_unix_s(s), ..record() }).unwrap();
    }
    drop(log);
    let after = lines_after(dir.path(), end, u64::MAX).unwrap();
    let spanned = (after.earliest.as_str(), after.latest.as_str());
    assert_eq!(spanned, ("1970-01-01T00:00:00.000Z", "2128-06-11T08:53:20.000Z"));
}

#[test]
fn more_than_ten_seconds_give_a_warning() {
    let warned = |lines, latest: &str| {
        let (earliest, latest) = ("2026-01-02T03:04:05.007Z".to_owned(), latest.to_owned());
        LinesAfter { lines, earliest, latest }.warning().is_some()
    };
    assert!(warned(2, "2026-01-02T03:04:16.000Z") && !warned(2, "2026-01-02T03:04:15.999Z"));
    assert!(!warned(2, "nonsense") && LinesAfter::default().warning().is_none());
}
