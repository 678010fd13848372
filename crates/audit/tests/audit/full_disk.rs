//! A full disk: records are refused, no partial write remains, and the log recovers by itself once there is space.

use std::path::Path;
use std::time::{Duration, Instant};

use claviger_audit::{AuditError, AuditLog};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::child;
use crate::fixture::{check, config, of_kind, record};

/// The largest file that this process may write: beyond it, the disk appears to be full.
fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).unwrap();
}

#[test]
#[ignore = "runs as a process of its own, whose file size is limited; started by a_full_disk_refuses_and_recovers"]
fn fills_up_and_recovers() {
    let Some(dir) = child::dir() else { return };
    let log = AuditLog::create(config(&dir, 1 << 20)).unwrap();
    limit_files(Some(20_000));
    let mut written: Vec<String> = Vec::new();
    let mut refused: Vec<String> = Vec::new();
    while refused.len() < 3 {
        append(&log, &mut written, &mut refused);
    }
    assert!(written.len() > 10 && !log.is_writable());
    assert_eq!(check(&dir).unwrap().torn_bytes, 0);
    assert_holds(&dir, &written, &refused);

    // Without an append, by its own retry every second.
    limit_files(None);
    let started = Instant::now();
    while !log.is_writable() {
        assert!(started.elapsed() < Duration::from_secs(30), "the log did not recover by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    let notes = of_kind(&dir, "recovered");
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("\"reason\":\"write failure\"") && notes[0].contains("\"refused\":3"), "{notes:?}");
    let count = written.len();
    append(&log, &mut written, &mut refused);
    assert_eq!(written.len(), count + 1);
    drop(log);
    assert_holds(&dir, &written, &refused);
}

#[test]
#[ignore = "runs as a process of its own, whose file size is limited; started by an_append_recovers_at_once"]
fn recovers_with_the_next_append() {
    let Some(dir) = child::dir() else { return };
    let log = AuditLog::create(config(&dir, 1 << 20)).unwrap();
    limit_files(Some(8_000));
    while log.append_blocking(record()).is_ok() {}
    assert!(!log.is_writable());
    limit_files(None);
    log.append_blocking(record()).unwrap();
    assert!(log.is_writable());
    drop(log);
    check(&dir).unwrap();
    assert_eq!(of_kind(&dir, "recovered").len(), 1);
}

#[test]
#[ignore = "runs as a process of its own, whose file size is limited; started by a_log_left_full_opens_later"]
fn closes_while_full() {
    let Some(dir) = child::dir() else { return };
    let log = AuditLog::create(config(&dir, 1 << 20)).unwrap();
    limit_files(Some(8_000));
    while log.append_blocking(record()).is_ok() {}
}

fn append(log: &AuditLog, written: &mut Vec<String>, refused: &mut Vec<String>) {
    let record = record();
    let request_id = record.request_id.to_string();
    match log.append_blocking(record) {
        Ok(_) => written.push(request_id),
        Err(AuditError::Unavailable) => refused.push(request_id),
    }
}

/// Acknowledged records are in the log, refused ones are not.
fn assert_holds(dir: &Path, written: &[String], refused: &[String]) {
    check(dir).unwrap();
    let lines = of_kind(dir, "request");
    assert_eq!(lines.len(), written.len());
    assert!(written.iter().zip(&lines).all(|(id, line)| line.contains(id.as_str())));
    assert!(!refused.iter().any(|id| lines.iter().any(|line| line.contains(id.as_str()))));
}

/// Runs an ignored test of this file in another process and checks that it ran and passed.
fn passes(name: &str, dir: &Path) {
    let output = child::command(name, dir).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let dir = tempfile::tempdir().unwrap();
    passes("full_disk::fills_up_and_recovers", &dir.path().join("audit"));
    check(&dir.path().join("audit")).unwrap();
}

#[test]
fn a_filling_disk_shows_before_it_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    let log = AuditLog::create(config(&dir, 1 << 16)).unwrap();
    // A directory in place of the preallocated file makes preallocation fail as on a full disk.
    std::fs::create_dir(dir.join("next")).unwrap();
    assert!(!log.is_space_low());
    while !log.is_space_low() {
        log.append_blocking(record()).unwrap();
    }
    assert!(log.is_writable());
    std::fs::remove_dir(dir.join("next")).unwrap();
    let started = Instant::now();
    while log.is_space_low() {
        assert!(started.elapsed() < Duration::from_secs(30), "space is not looked for again");
        log.append_blocking(record()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_append_recovers_at_once() {
    let dir = tempfile::tempdir().unwrap();
    passes("full_disk::recovers_with_the_next_append", &dir.path().join("audit"));
}

#[test]
fn a_log_left_full_opens_later() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    passes("full_disk::closes_while_full", &dir);
    let records = check(&dir).unwrap().records;
    let log = AuditLog::open(config(&dir, 1 << 20)).unwrap();
    log.append_blocking(record()).unwrap();
    drop(log);
    assert_eq!(check(&dir).unwrap().records, records + 1);
}
