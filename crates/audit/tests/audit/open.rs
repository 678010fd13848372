//! Opening a log: crash damage is repaired and noted, tampering is refused and left as it is.

use std::fs;
use std::path::Path;

use claviger_audit::{AuditLog, Expected, FindingKind, OpenError, verify};
use claviger_base::SecretBytes;

use crate::fixture::{all_lines, append_groups, check, config, copy, filled, mark_of, of_kind, record, segments};

fn reopen(dir: &Path) -> Result<AuditLog, OpenError> {
    AuditLog::open(config(dir, 8192))
}

/// Opening fails with this finding and changes nothing.
fn refused(dir: &Path) -> FindingKind {
    let before = all_lines(dir);
    match reopen(dir) {
        Err(OpenError::Damaged(finding)) => {
            assert_eq!(all_lines(dir), before);
            finding.kind
        }
        other => panic!("expected a refusal, not {other:?}"),
    }
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    fs::write(path, [&fs::read(path).unwrap()[..], bytes].concat()).unwrap();
}

fn last_segment(dir: &Path) -> std::path::PathBuf {
    segments(dir).pop().unwrap()
}

#[test]
fn a_closed_log_opens_without_a_note() {
    let dir = filled(10);
    let before = check(dir.path()).unwrap();
    let log = reopen(dir.path()).unwrap();
    assert_eq!(log.head(), before.head);
    assert_eq!(log.append_blocking(record()), Ok(before.head.seq + 1));
    drop(log);
    assert!(of_kind(dir.path(), "recovered").is_empty());
    verify(dir.path(), &Expected { head: Some(before.head), ..Expected::default() }).unwrap();
}

#[test]
fn create_needs_no_log_and_open_needs_one() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!AuditLog::exists(&dir.path().join("absent")).unwrap());
    assert!(matches!(reopen(dir.path()), Err(OpenError::Missing(_))));
    let log = AuditLog::create(config(dir.path(), 8192)).unwrap();
    assert!(AuditLog::exists(dir.path()).unwrap());
    assert!(matches!(reopen(dir.path()), Err(OpenError::InUse(_))));
    drop(log);
    assert!(matches!(AuditLog::create(config(dir.path(), 8192)), Err(OpenError::Exists(_))));
    drop(reopen(dir.path()).unwrap());
    check(dir.path()).unwrap();
}

#[test]
fn a_seed_that_is_not_the_logs_is_refused() {
    let dir = filled(2);
    let mut other = config(dir.path(), 8192);
    other.seed = SecretBytes::copy_from(&[8; 32]);
    assert!(matches!(AuditLog::open(other), Err(OpenError::Damaged(finding)) if finding.kind == FindingKind::BadHead));
    let mut short = config(dir.path(), 8192);
    short.seed = SecretBytes::copy_from(&[7; 31]);
    assert!(matches!(AuditLog::open(short), Err(OpenError::Seed)));
    check(dir.path()).unwrap();
}

#[test]
fn a_creation_interrupted_before_the_rename_is_finished() {
    let dir = filled(0);
    let first = last_segment(dir.path());
    fs::rename(&first, dir.path().join("next")).unwrap();
    let log = reopen(dir.path()).unwrap();
    log.append_blocking(record()).unwrap();
    drop(log);
    assert_eq!(check(dir.path()).unwrap().records, 1);
}

#[test]
fn a_torn_end_is_cut_and_noted() {
    for torn in [&b"{\"seq\":"[..], b"{\"seq\":1}\ngarbage\n", &[0; 700], b"\n", &[0xff; 20_000]] {
        let dir = filled(5);
        let before = check(dir.path()).unwrap();
        append_bytes(&last_segment(dir.path()), torn);
        let log = reopen(dir.path()).unwrap();
        log.append_blocking(record()).unwrap();
        drop(log);
        let notes = of_kind(dir.path(), "recovered");
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains(&format!("\"cut_bytes\":{},\"unsigned\":0,", torn.len())), "{notes:?}");
        assert_eq!(check(dir.path()).unwrap().records, before.records + 1);
    }
}

#[test]
fn a_torn_last_line_is_counted_and_is_no_finding() {
    let dir = filled(5);
    append_bytes(&last_segment(dir.path()), b"{\"seq\":");
    assert_eq!(check(dir.path()).unwrap().torn_bytes, 7);
}

#[test]
fn tampering_at_the_end_is_refused() {
    let dir = filled(5);
    let path = last_segment(dir.path());
    let good = fs::read(&path).unwrap();
    for length in [0, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        assert!(matches!(refused(dir.path()), FindingKind::Truncated { .. }));
    }
    let mut bad = good.clone();
    let at = good.len() - 10;
    bad[at] ^= 1;
    fs::write(&path, bad).unwrap();
    assert_eq!(refused(dir.path()), FindingKind::Altered);
    fs::remove_file(&path).unwrap();
    assert_eq!(refused(dir.path()), FindingKind::MissingSegment);
    fs::write(&path, &good).unwrap();
    reopen(dir.path()).unwrap();
    fs::remove_file(dir.path().join("head")).unwrap();
    assert_eq!(refused(dir.path()), FindingKind::BadHead);
}

#[test]
fn one_bad_head_slot_is_repaired_if_the_log_reaches_its_anchor() {
    let dir = filled(5);
    let head = dir.path().join("head");
    for slot in [0, 512] {
        let good = fs::read(&head).unwrap();
        let mut bad = good.clone();
        bad[slot] = 0;
        fs::write(&head, bad).unwrap();
        assert_eq!(refused(dir.path()), FindingKind::BadHead, "without an anchor nothing tells damage from forgery");
        let anchor = Some(mark_of(all_lines(dir.path()).last().unwrap()));
        drop(AuditLog::open(claviger_audit::AuditConfig { anchor, ..config(dir.path(), 8192) }).unwrap());
        let notes = of_kind(dir.path(), "recovered");
        assert!(notes.last().unwrap().contains("\"bad_head_slots\":1"), "{notes:?}");
        check(dir.path()).unwrap();
    }
    assert_eq!(of_kind(dir.path(), "recovered").len(), 2);
    fs::write(&head, [0; 1024]).unwrap();
    assert_eq!(refused(dir.path()), FindingKind::BadHead);
}

/// A log whose head lags behind, as after a power loss: its directory, and the lines after the head.
fn lagging() -> (tempfile::TempDir, Vec<Vec<u8>>) {
    let dir = filled(3);
    let head = fs::read(dir.path().join("head")).unwrap();
    let before = all_lines(dir.path()).len();
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    append_groups(&log, 3);
    drop(log);
    fs::write(dir.path().join("head"), head).unwrap();
    let behind = all_lines(dir.path()).split_off(before);
    (dir, behind)
}

/// Alters one byte of `line` in the last segment.
fn alter(dir: &Path, line: &[u8]) {
    let path = last_segment(dir);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(line.len()).position(|window| window == line).unwrap();
    bytes[at + 20] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn after_a_power_loss_the_head_may_lag() {
    let (dir, behind) = lagging();
    let log = reopen(dir.path()).unwrap();
    assert_eq!(log.head(), mark_of(behind.last().unwrap()));
    drop(log);
    assert!(of_kind(dir.path(), "recovered").is_empty());
}

#[test]
fn after_a_lagging_head_only_the_last_group_can_be_crash_damage() {
    let (dir, behind) = lagging();
    let checkpoints: Vec<usize> = (0..behind.len())
        .filter(|at| String::from_utf8_lossy(&behind[*at]).contains("\"kind\":\"checkpoint\""))
        .collect();
    let last_group = checkpoints[checkpoints.len() - 2] + 1;
    for (at, line) in behind[..last_group].iter().enumerate() {
        let dir = copy(dir.path());
        alter(dir.path(), line);
        assert_eq!(refused(dir.path()), FindingKind::Altered, "line {at}");
    }
    alter(dir.path(), &behind[last_group]);
    drop(reopen(dir.path()).unwrap());
    assert_eq!(of_kind(dir.path(), "recovered").len(), 1);
    check(dir.path()).unwrap();
}
