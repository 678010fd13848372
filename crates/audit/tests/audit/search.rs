//! Finding the records of known requests in the log.

use std::collections::BTreeSet;

use claviger_audit::{AuditLog, Beyond, Record, find_served, lines_behind};
use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::fixture::{check, config, filled, record};

fn new_ids<const N: usize>() -> [RequestId; N] {
    [(); N].map(|()| RequestId::generate().unwrap())
}

#[test]
fn only_served_requests_behind_the_number_are_found_over_segments() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    let [early, refused, named, served, absent] = new_ids();
    // Small segments: the search begins in the middle of one and goes on over several.
    let log = AuditLog::create(config(&dir, 4096)).unwrap();
    let append = |record: Record| log.append_blocking(record).unwrap();
    append(Record { request_id: early.clone(), code: "OK".to_owned(), ..record() });
    for _ in 0..20 {
        append(record());
    }
    let after = log.head().seq;
    append(Record { request_id: refused.clone(), code: "InternalFailure".to_owned(), ..record() });
    for _ in 0..20 {
        // A name that looks like the record of another request.
        let text = format!("\",\"request_id\":\"{named}\",\"code\":\"OK\",\"x\":\"");
        append(Record { code: "NotFound".to_owned(), key_id: Some(text), ..record() });
    }
    append(Record { request_id: served.clone(), code: "OK".to_owned(), ..record() });
    drop(log);
    let all: BTreeSet<RequestId> = [&early, &refused, &named, &served, &absent].into_iter().cloned().collect();
    assert_eq!(find_served(&dir, after, &all).unwrap(), BTreeSet::from([served.clone()]));
    assert_eq!(find_served(&dir, 0, &all).unwrap(), BTreeSet::from([early, served.clone()]));
    // Numbers of a log that was there before this one: everything is searched.
    assert!(find_served(&dir, u64::MAX, &all).unwrap().contains(&served));
}

#[test]
fn lines_behind_a_line_are_counted_and_timed() {
    let dir = filled(5);
    let end = check(dir.path()).unwrap().head.seq;
    assert_eq!(lines_behind(dir.path(), end, u64::MAX).unwrap(), Beyond::default());
    // One segment: another would begin with a line of its own.
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    for s in [0, 10, 11] {
        let time = Timestamp::from_unix_s(1_767_323_045 + s);
        log.append_blocking(Record { time, ..record() }).unwrap();
    }
    drop(log);
    // Each has its checkpoint, and that the time of the clock.
    let beyond = lines_behind(dir.path(), end, u64::MAX).unwrap();
    assert_eq!(beyond.lines, 6);
    let warning = beyond.warning().unwrap();
    assert!(warning.contains("goes on for 6 lines, from 2026-01-02T03:04:05.000Z to 20"), "{warning}");
    // A server that runs on adds lines behind what was verified.
    let bounded = lines_behind(dir.path(), end, end + 1).unwrap();
    assert_eq!((bounded.lines, bounded.warning()), (1, None));
}

/// Times are those of a clock, which can be set back.
#[test]
fn lines_are_told_of_from_the_earliest_to_the_latest_time() {
    let dir = filled(1);
    let end = check(dir.path()).unwrap().head.seq;
    // One segment: another would begin with a line of its own.
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    for s in [5_000_000_000_i64, 0, 4_000_000_000] {
        log.append_blocking(Record { time: Timestamp::from_unix_s(s), ..record() }).unwrap();
    }
    drop(log);
    let beyond = lines_behind(dir.path(), end, u64::MAX).unwrap();
    let spanned = (beyond.earliest.as_str(), beyond.latest.as_str());
    assert_eq!(spanned, ("1970-01-01T00:00:00.000Z", "2128-06-11T08:53:20.000Z"));
}

#[test]
fn more_than_ten_seconds_are_told_of() {
    let warned = |lines, latest: &str| {
        let (earliest, latest) = ("2026-01-02T03:04:05.007Z".to_owned(), latest.to_owned());
        Beyond { lines, earliest, latest }.warning().is_some()
    };
    assert!(warned(2, "2026-01-02T03:04:16.000Z") && !warned(2, "2026-01-02T03:04:15.999Z"));
    assert!(!warned(2, "nonsense") && Beyond::default().warning().is_none());
}
