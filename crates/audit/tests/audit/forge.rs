//! Forgeries at the end of a log by somebody who can write to the disk but has no key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use claviger_audit::{AuditConfig, AuditLog, Expected, FindingKind, LogPosition, OpenError, verify};

use crate::fixture::{
    all_lines, append_groups, check, config, copy, filled, finding, finding_of, lines, mark_of, of_kind, relink,
    segments,
};

fn anchored(dir: &Path, anchor: LogPosition) -> AuditConfig {
    AuditConfig { anchor: Some(anchor), ..config(dir, 8192) }
}

fn refused(config: AuditConfig) -> FindingKind {
    let (dir, before) = (config.dir.clone(), all_lines(&config.dir));
    match AuditLog::open(config) {
        Err(OpenError::Damaged(finding)) => {
            assert_eq!(all_lines(&dir), before, "a refusal changes nothing");
            finding.kind
        }
        other => panic!("expected a refusal, not {other:?}"),
    }
}

fn end_of(dir: &Path) -> LogPosition {
    mark_of(all_lines(dir).last().unwrap())
}

/// The end of the log according to a slot of the head.
fn offset_of(slot: &[u8]) -> usize {
    let text = std::str::from_utf8(slot).unwrap();
    text.split("\"offset\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap()
}

/// The last group is cut off, and the head is made to agree: the older slot is copied over the newer one, or the newer one
/// is destroyed.
#[test]
fn the_last_group_cannot_be_cut_off() {
    for forgery in ["copied over", "zeros", "swapped"] {
        let dir = filled(7);
        let (head, anchor) = (dir.path().join("head"), end_of(dir.path()));
        let good = fs::read(&head).unwrap();
        let (one, other) = good.split_at(512);
        let (older, newer_at) = if offset_of(one) < offset_of(other) { (one, 512) } else { (other, 0) };
        let mut forged = good.clone();
        match forgery {
            "copied over" => forged[newer_at..newer_at + 512].copy_from_slice(older),
            "zeros" => forged[newer_at..newer_at + 512].fill(0),
            _ => forged.rotate_left(512),
        }
        fs::write(&head, forged).unwrap();
        if forgery != "swapped" {
            let last = segments(dir.path()).pop().unwrap();
            fs::OpenOptions::new().write(true).open(&last).unwrap().set_len(offset_of(older) as u64).unwrap();
        }
        assert_eq!(finding(dir.path()).kind, FindingKind::BadHead, "{forgery}");
        assert!(matches!(refused(config(dir.path(), 8192)), FindingKind::BadHead), "{forgery}");
        let with_anchor = refused(anchored(dir.path(), anchor));
        assert!(matches!(with_anchor, FindingKind::BadHead | FindingKind::NotTheAnchor), "{forgery}: {with_anchor:?}");
    }
}

/// An older copy of log and head, consistent in itself.
#[test]
fn an_older_copy_does_not_reach_the_anchor() {
    let dir = filled(4);
    let old = copy(dir.path());
    let log = AuditLog::open(config(dir.path(), 8192)).unwrap();
    append_groups(&log, 4);
    let anchor = log.head();
    drop(log);
    drop(AuditLog::open(anchored(dir.path(), anchor)).unwrap());
    check(old.path()).unwrap();
    assert_eq!(refused(anchored(old.path(), anchor)), FindingKind::NotTheAnchor);
    let expected = Expected { anchor: Some(anchor), ..Expected::default() };
    assert_eq!(finding_of(verify(old.path(), &expected)).kind, FindingKind::NotTheAnchor);
    verify(dir.path(), &expected).unwrap();
}

/// After a power loss the head lags; the anchor is then among the lines after it.
#[test]
fn an_anchor_after_a_lagging_head_is_looked_for() {
    let dir = filled(3);
    let head = fs::read(dir.path().join("head")).unwrap();
    let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
    append_groups(&log, 2);
    let anchor = log.head();
    append_groups(&log, 2);
    drop(log);
    fs::write(dir.path().join("head"), head).unwrap();
    drop(AuditLog::open(anchored(copy(dir.path()).path(), anchor)).unwrap());
    let other = LogPosition { chain: [1; 32], ..anchor };
    assert_eq!(refused(anchored(dir.path(), other)), FindingKind::NotTheAnchor);
}

/// A line that continues the chain, which needs no key.
fn forged_line(dir: &Path) -> Vec<u8> {
    let last = end_of(dir);
    let body = format!("{{\"seq\":{},\"time\":\"\",\"kind\":\"request\",\"code\":\"OK\"", last.seq + 1);
    relink(&[body.as_bytes(), &[b'x'; 77]].concat(), &last.chain).0
}

fn append_bytes(path: &Path, bytes: &[u8]) {
    fs::write(path, [&fs::read(path).unwrap()[..], bytes].concat()).unwrap();
}

#[test]
fn forged_lines_are_set_aside_and_never_signed() {
    let dir = filled(5);
    let before = check(dir.path()).unwrap();
    let (path, line) = (segments(dir.path()).pop().unwrap(), forged_line(dir.path()));
    append_bytes(&path, &line);
    append_bytes(&path, b"torn");
    let unsigned = check(dir.path()).unwrap();
    assert_eq!((unsigned.unsigned, unsigned.records), (1, before.records), "unsigned lines are no records");
    drop(AuditLog::open(anchored(dir.path(), before.head)).unwrap());
    let report = check(dir.path()).unwrap();
    assert_eq!((report.unsigned, report.records, report.set_aside.len()), (0, before.records, 1));
    let kept = dir.path().join(&report.set_aside[0]);
    assert_eq!(fs::read(&kept).unwrap(), [&line[..], b"torn"].concat());
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let notes = of_kind(dir.path(), "recovered");
    let named = format!("\"cut_bytes\":4,\"unsigned\":1,\"set_aside\":\"{}\"", report.set_aside[0]);
    assert!(notes[0].contains(&named), "{notes:?}");
    assert!(!all_lines(dir.path()).contains(&line));
}

#[test]
fn a_forged_segment_is_set_aside_whole() {
    let dir = filled(5);
    let before = check(dir.path()).unwrap();
    let header = lines(&segments(dir.path()).pop().unwrap()).remove(0);
    let text = String::from_utf8(header).unwrap();
    let (_, rest) = text.split_once(',').unwrap();
    let seq = before.head.seq + 1;
    let (line, _) = relink(format!("{{\"seq\":{seq},{rest}").as_bytes(), &before.head.chain);
    let forged = dir.path().join(format!("audit-{seq:020}.log"));
    fs::write(&forged, &line).unwrap();
    drop(AuditLog::open(anchored(dir.path(), before.head)).unwrap());
    let report = check(dir.path()).unwrap();
    assert_eq!(fs::read(dir.path().join(&report.set_aside[0])).unwrap(), line);
    assert_eq!((report.records, forged.exists()), (before.records, false));
}
