//! What the verifier promises: an untouched log passes; any line altered, removed or moved, and any end cut off, is found
//! and the place is named. And what the writer promises: what was acknowledged survives a kill, a full disk and reopening.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::path::{Path, PathBuf};

use claviger_audit::{AuditLog, Config, Expected, OpenError, Plane, Record, VerifyError, What, verify};
use claviger_base::id::{InstanceId, RequestId};
use claviger_base::{Clock, SecretBytes, Timestamp};

fn config(dir: &Path) -> Config {
    Config {
        dir: dir.join("audit"),
        instance: InstanceId::parse("kst-000000000000000000000").unwrap(),
        segment_bytes: 64 * 1024,
        clock: Clock::default(),
        seed: SecretBytes::new(vec![7; 32]),
    }
}

fn record(operation: &str) -> Record {
    Record {
        time: Timestamp::from_unix_ms(1_767_323_045_007),
        request_id: RequestId::generate().unwrap(),
        plane: Plane::Instance,
        operation: operation.to_owned(),
        principal: "KAAP.x".to_owned(),
        source: None,
        key_id: Some("alias/dev".to_owned()),
        key_version_id: None,
        code: "OK".to_owned(),
        status: 200,
        duration_us: 5,
        detail: None,
    }
}

/// A closed log of `count` records, each its own group; the file of its first segment.
fn written(dir: &Path, count: usize) -> PathBuf {
    let log = AuditLog::create(config(dir)).unwrap();
    for n in 0..count {
        log.append_blocking(record(&format!("Operation{n}"))).unwrap();
    }
    drop(log);
    first_segment(dir)
}

fn first_segment(dir: &Path) -> PathBuf {
    let mut files: Vec<_> = fs::read_dir(dir.join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    files[0].clone()
}

fn check(dir: &Path) -> Result<claviger_audit::Report, VerifyError> {
    verify(&dir.join("audit"), &Expected::default())
}

fn what(dir: &Path) -> What {
    match check(dir) {
        Err(VerifyError::Found(finding)) => finding.what,
        other => panic!("nothing was found: {other:?}"),
    }
}

#[test]
fn an_untouched_log_passes_and_counts() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 20);
    let report = check(dir.path()).unwrap();
    assert_eq!((report.records, report.unsigned, report.torn_bytes), (20, 0, 0));
}

#[test]
fn any_flipped_bit_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), 3);
    let original = fs::read(&file).unwrap();
    for at in 0..original.len() {
        let mut altered = original.clone();
        altered[at] ^= 1 << (at % 7);
        fs::write(&file, &altered).unwrap();
        let found = check(dir.path());
        assert!(matches!(found, Err(VerifyError::Found(_))), "byte {at}: {found:?}");
    }
}

#[test]
fn a_removed_line_is_found_at_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), 6);
    let original = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = original.lines().collect();
    for gone in 0..lines.len() {
        let mut left = lines.clone();
        left.remove(gone);
        fs::write(&file, left.join("\n") + "\n").unwrap();
        match check(dir.path()) {
            Err(VerifyError::Found(finding)) => {
                assert_eq!(finding.line, gone as u64 + 1, "{finding}");
                let expected = if gone + 1 == lines.len() { What::Truncated } else { What::Removed };
                assert_eq!(finding.what, expected);
            }
            other => panic!("line {gone}: {other:?}"),
        }
    }
}

#[test]
fn swapped_lines_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), 6);
    let original = fs::read_to_string(&file).unwrap();
    let count = original.lines().count();
    for (a, b) in (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))) {
        let mut lines: Vec<&str> = original.lines().collect();
        lines.swap(a, b);
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        match check(dir.path()) {
            Err(VerifyError::Found(finding)) => {
                assert_eq!((finding.what, finding.line), (What::Reordered, a as u64 + 1), "{a} and {b}: {finding}");
            }
            other => panic!("{a} and {b}: {other:?}"),
        }
    }
}

#[test]
fn any_end_cut_off_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), 4);
    let original = fs::read(&file).unwrap();
    for length in 0..original.len() {
        fs::write(&file, &original[..length]).unwrap();
        assert!(matches!(check(dir.path()), Err(VerifyError::Found(_))), "cut to {length} bytes");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(what(dir.path()), What::MissingSegment);
}

#[test]
fn a_foreign_log_and_a_rolled_back_one_are_found() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(dir.path(), 4);
    let head = check(dir.path()).unwrap().head;
    let forged = AuditLog::create(Config { seed: SecretBytes::new(vec![8; 32]), ..config(other.path()) }).unwrap();
    forged.append_blocking(record("Forged")).unwrap();
    drop(forged);
    let expected = Expected { public_key: Some(check(dir.path()).unwrap().public_key), ..Expected::default() };
    assert!(verify(&other.path().join("audit"), &expected).is_err());
    let expected = Expected { head: Some(head), ..Expected::default() };
    assert!(verify(&dir.path().join("audit"), &expected).is_ok());
    match verify(&other.path().join("audit"), &expected) {
        Err(VerifyError::Found(finding)) => assert_eq!(finding.what, What::NotTheExpectedLog),
        found => panic!("{found:?}"),
    }
}

#[test]
fn an_altered_or_cut_log_does_not_open_and_a_torn_line_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(dir.path(), 4);
    let original = fs::read(&file).unwrap();
    fs::write(&file, &original[..original.len() - 40]).unwrap();
    assert!(matches!(AuditLog::open(config(dir.path())), Err(OpenError::Damaged(_))));
    fs::write(&file, [original.as_slice(), b"{\"seq\":torn"].concat()).unwrap();
    let log = AuditLog::open(config(dir.path())).unwrap();
    log.append_blocking(record("After")).unwrap();
    drop(log);
    assert_eq!(check(dir.path()).unwrap().records, 5);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("recovered") && !text.contains("torn\""), "{text}");
}

#[test]
fn many_writers_and_many_segments() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path())).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..200).for_each(|n| assert!(log.append_blocking(record(&format!("Op{n}"))).is_ok())));
        }
    });
    drop(log);
    let report = check(dir.path()).unwrap();
    assert_eq!(report.records, 1600);
    assert!(report.segments > 3, "{} segments", report.segments);
    drop(AuditLog::open(config(dir.path())).unwrap());
    assert_eq!(check(dir.path()).unwrap().records, 1600);
}
