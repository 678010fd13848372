//! A log in use: many writers, a verifier at the same time, and other programs that touch its files.

use std::collections::HashSet;
use std::fs;
use std::io::Write;

use claviger_audit::{AuditLog, FindingKind};

use crate::fixture::{append_groups, check, config, finding, of_kind, record, segments};

#[test]
fn many_writers_each_get_their_own_line() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 16 * 1024)).unwrap();
    let seqs: Vec<(u64, String)> = std::thread::scope(|scope| {
        let writers: Vec<_> =
            (0..16).map(|_| scope.spawn(|| (0..40).map(|_| append(&log)).collect::<Vec<_>>())).collect();
        // Meanwhile, a verifier reads the live log.
        for _ in 0..20 {
            check(dir.path()).unwrap();
        }
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    drop(log);
    let distinct: HashSet<u64> = seqs.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(distinct.len(), 640);
    let requests = of_kind(dir.path(), "request");
    assert_eq!(requests.len(), 640);
    for (seq, request_id) in seqs {
        let start = format!("{{\"seq\":{seq},");
        let line = requests.iter().find(|line| line.starts_with(&start)).unwrap();
        assert!(line.contains(&request_id));
    }
    assert!(check(dir.path()).unwrap().segments > 10);
}

fn append(log: &AuditLog) -> (u64, String) {
    let record = record();
    let request_id = record.request_id.to_string();
    (log.append_blocking(record).unwrap(), request_id)
}

#[test]
fn a_record_is_on_disk_when_its_append_resolves() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 1 << 20)).unwrap();
    for count in 1..20 {
        let (seq, request_id) = append(&log);
        let lines = of_kind(dir.path(), "request");
        assert_eq!(lines.len(), count);
        assert!(lines[count - 1].starts_with(&format!("{{\"seq\":{seq},")) && lines[count - 1].contains(&request_id));
        assert_eq!(check(dir.path()).unwrap().head, log.head());
    }
}

#[test]
fn texts_from_requests_cannot_break_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 1 << 20)).unwrap();
    let mut hostile = record();
    let text = "\n\",\"chain\":\"\u{0}\u{1f600}".repeat(100);
    hostile.operation.clone_from(&text);
    hostile.principal.clone_from(&text);
    hostile.code.clone_from(&text);
    hostile.key_id = Some(text.clone());
    hostile.named = Some(text.clone());
    hostile.key_version_id = Some(text);
    log.append_blocking(hostile).unwrap();
    drop(log);
    assert_eq!(check(dir.path()).unwrap().records, 1);
    let line = of_kind(dir.path(), "request").remove(0);
    assert!(line.is_ascii() && line.len() < 9000, "{}", line.len());
}

#[test]
fn a_segment_removed_while_in_use_is_noticed_at_the_next_record() {
    for truncate in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::create(config(dir.path(), 1 << 20)).unwrap();
        append_groups(&log, 3);
        let path = segments(dir.path()).pop().unwrap();
        if truncate {
            fs::write(&path, b"").unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        append_groups(&log, 3);
        assert!(log.is_writable());
        drop(log);
        let notes = of_kind(dir.path(), "recovered");
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("\"reason\":\"segment removed\""));
        let found = finding(dir.path());
        assert_eq!(found.file, path);
        assert_eq!((found.kind, found.seq), if truncate { cut(&dir) } else { begins_later(&dir) });
        // The log continues, and opens again.
        let log = AuditLog::open(config(dir.path(), 1 << 20)).unwrap();
        log.append_blocking(record()).unwrap();
    }
}

fn begins_later(dir: &tempfile::TempDir) -> (FindingKind, u64) {
    let first = segments(dir.path()).remove(0);
    (FindingKind::BeginsAt { found: crate::fixture::seq_of(&crate::fixture::lines(&first)[0]) }, 1)
}

fn cut(dir: &tempfile::TempDir) -> (FindingKind, u64) {
    let next = segments(dir.path()).pop().unwrap();
    let first = crate::fixture::seq_of(&crate::fixture::lines(&next)[0]);
    (FindingKind::Truncated { through: first - 1 }, 1)
}

#[test]
fn a_segment_replaced_or_moved_while_in_use_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 1 << 20)).unwrap();
    append_groups(&log, 3);
    let path = segments(dir.path()).pop().unwrap();
    let copy = dir.path().join("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    append_groups(&log, 3);
    drop(log);
    // The copy was complete, so nothing is missing; the `recovered` line says what happened.
    check(dir.path()).unwrap();
    assert_eq!((of_kind(dir.path(), "recovered").len(), segments(dir.path()).len()), (1, 2));
}

#[test]
fn a_directory_removed_while_in_use_is_recreated_and_noted() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("audit");
    let log = AuditLog::create(config(&dir, 1 << 20)).unwrap();
    append_groups(&log, 3);
    fs::remove_dir_all(&dir).unwrap();
    append_groups(&log, 3);
    drop(log);
    assert_eq!(of_kind(&dir, "recovered").len(), 1);
    let log = AuditLog::open(config(&dir, 1 << 20)).unwrap();
    log.append_blocking(record()).unwrap();
    drop(log);
    assert!(matches!(finding(&dir).kind, FindingKind::BeginsAt { .. }));
}

#[test]
fn foreign_bytes_are_cut_off_and_noted() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 1 << 20)).unwrap();
    append_groups(&log, 3);
    let path = segments(dir.path()).pop().unwrap();
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(&[b'x'; 5000]).unwrap();
    append_groups(&log, 3);
    drop(log);
    check(dir.path()).unwrap();
    let notes = of_kind(dir.path(), "recovered");
    assert!(notes[0].contains("\"reason\":\"foreign bytes\",\"cut_bytes\":5000,"), "{notes:?}");
}

#[test]
fn a_head_removed_while_in_use_is_rewritten() {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 1 << 20)).unwrap();
    append_groups(&log, 3);
    fs::remove_file(dir.path().join("head")).unwrap();
    append_groups(&log, 1);
    assert_eq!(check(dir.path()).unwrap().head, log.head());
}
