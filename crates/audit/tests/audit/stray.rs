//! Foreign files among those of the log: set aside, or refused by name, and never waited for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use claviger_audit::{AuditLog, FindingKind, OpenError, VerifyError};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{append_groups, check, config, filled, finding, of_kind, record, segments};

fn segment(dir: &Path, first_seq: u64) -> PathBuf {
    dir.join(format!("audit-{first_seq:020}.log"))
}

/// The result of `work`, which must come within a minute. A start that waits for the writer of a FIFO would never return.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waiting) = channel();
    std::thread::spawn(move || done.send(work()));
    waiting.recv_timeout(Duration::from_secs(60)).expect("it waits forever")
}

#[test]
fn an_empty_file_in_the_place_of_the_next_segment_is_named_and_set_aside() {
    let dir = filled(20);
    let end = check(dir.path()).unwrap().head.seq;
    let stray = segment(dir.path(), end + 1);
    fs::write(&stray, "").unwrap();
    let found = finding(dir.path());
    assert_eq!((found.kind, &found.file), (FindingKind::StraySegment, &stray));
    let log = AuditLog::open(config(dir.path(), 8192)).unwrap();
    append_groups(&log, 30);
    drop(log);
    let report = check(dir.path()).expect("the log goes on where it was");
    assert_eq!((report.set_aside.len(), stray.exists()), (1, false));
    let notes = of_kind(dir.path(), "recovered");
    assert!(notes.len() == 1 && notes[0].contains("\"reason\":\"stray segment\""), "{notes:?}");
    assert!(notes[0].contains(&report.set_aside[0]), "{notes:?}");
}

#[test]
fn the_content_of_a_stray_segment_is_kept() {
    let dir = filled(5);
    let end = check(dir.path()).unwrap().head.seq;
    fs::write(segment(dir.path(), end + 7), "no line at all").unwrap();
    fs::write(segment(dir.path(), end + 9), "").unwrap();
    drop(AuditLog::open(config(dir.path(), 8192)).unwrap());
    let report = check(dir.path()).unwrap();
    let kept: Vec<_> = report.set_aside.iter().map(|name| fs::read(dir.path().join(name)).unwrap()).collect();
    assert_eq!(kept, [b"no line at all".to_vec(), Vec::new()]);
}

#[test]
fn a_stray_file_in_a_growing_log_is_its_only_finding() {
    let dir = filled(5);
    let end = check(dir.path()).unwrap().head.seq;
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    let stray = segment(dir.path(), end + 1);
    fs::write(&stray, "").unwrap();
    append_groups(&log, 10);
    drop(log);
    let found = finding(dir.path());
    assert_eq!((found.kind, &found.file), (FindingKind::StraySegment, &stray));
    assert!(found.to_string().contains("does not belong to this log"), "{found}");
    fs::write(&stray, "text").unwrap();
    assert_eq!(finding(dir.path()).kind, FindingKind::StraySegment);
}

#[test]
fn an_emptied_segment_of_the_log_is_a_finding() {
    let dir = filled(60);
    let paths = segments(dir.path());
    assert!(paths.len() > 2);
    fs::write(&paths[1], "").unwrap();
    assert!(matches!(finding(dir.path()).kind, FindingKind::Truncated { .. }), "{:?}", finding(dir.path()));
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_refused_by_name() {
    for name in ["head", "public-key", "last segment", "stray segment"] {
        let dir = filled(20);
        let end = check(dir.path()).unwrap().head.seq;
        let path = match name {
            "last segment" => segments(dir.path()).pop().unwrap(),
            "stray segment" => segment(dir.path(), end + 1),
            name => dir.path().join(name),
        };
        let _absent = fs::remove_file(&path);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let at = dir.path().to_owned();
        match in_time(move || AuditLog::open(config(&at, 8192))) {
            Err(OpenError::Io(named, error)) => {
                assert_eq!(named, path, "{name}");
                assert!(error.to_string().contains("is a FIFO"), "{name}: {error}");
            }
            other => panic!("{name}: {other:?}"),
        }
        let at = dir.path().to_owned();
        match in_time(move || check(&at)) {
            Err(VerifyError::Unreadable(named, error)) => {
                assert_eq!(named, path, "{name}");
                assert!(error.to_string().contains("is a FIFO"), "{name}: {error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_fifo_where_a_new_head_is_made_is_no_obstacle() {
    let dir = filled(3);
    let path = dir.path().join("head.new");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut head = fs::read(dir.path().join("head")).unwrap();
    head.copy_within(..512, 512);
    fs::write(dir.path().join("head"), head).unwrap();
    let anchor = Some(check_ignoring_head(dir.path()));
    let at = dir.path().to_owned();
    let log = in_time(move || AuditLog::open(claviger_audit::AuditConfig { anchor, ..config(&at, 8192) })).unwrap();
    log.append_blocking(record()).unwrap();
    drop(log);
    check(dir.path()).unwrap();
}

/// The position of the log's first line.
fn check_ignoring_head(dir: &Path) -> claviger_audit::LogPosition {
    crate::fixture::mark_of(&crate::fixture::all_lines(dir)[0])
}
