//! An attacker who knows the format and can write to the disk, but has no seed.

use std::fs;
use std::path::Path;

use claviger_audit::{AuditLog, Expected, FindingKind, verify};

use crate::fixture::{
    all_lines, append_groups, check, config, copy, filled, finding, finding_of, lines, mark_of, relink, segments,
    seq_of,
};

/// Rewrites the log with `forge` applied to every line (`None` drops it); numbers, chain hashes and file names are
/// corrected.
fn forge(dir: &Path, forge: impl Fn(&str) -> Option<String>) {
    let (mut previous, mut seq) = ([0; 32], 0);
    for path in segments(dir) {
        let mut out = Vec::new();
        let first = seq + 1;
        for line in lines(&path) {
            let text = String::from_utf8(line).unwrap();
            let Some(text) = forge(&text) else { continue };
            seq += 1;
            let (_, rest) = text.split_once(',').unwrap();
            let (line, chain) = relink(format!("{{\"seq\":{seq},{rest}").as_bytes(), &previous);
            previous = chain;
            out.extend(line);
        }
        fs::remove_file(path).unwrap();
        fs::write(dir.join(format!("audit-{first:020}.log")), out).unwrap();
    }
}

#[test]
fn both_implementations_of_the_format_agree() {
    let dir = filled(6);
    let before = all_lines(dir.path());
    forge(dir.path(), |line| Some(line.to_owned()));
    assert_eq!(all_lines(dir.path()), before);
}

#[test]
fn a_rechained_alteration_fails_at_the_next_signature() {
    let good = filled(6);
    for victim in all_lines(good.path()) {
        let seq = seq_of(&victim);
        let dir = copy(good.path());
        forge(dir.path(), |line| {
            let is_victim = seq_of(line.as_bytes()) == seq;
            Some(if is_victim { line.replace("2026-", "2025-") } else { line.to_owned() })
        });
        let found = finding(dir.path());
        let last = all_lines(good.path()).len() as u64;
        match found.kind {
            FindingKind::BadSignature { since } => assert!(since <= seq && seq < found.seq, "{seq}: {found}"),
            // Only the head signs the last line.
            FindingKind::NotTheHead { .. } => assert_eq!(seq, last),
            _ => panic!("{found}"),
        }
    }
}

#[test]
fn a_log_rewritten_without_checkpoints_does_not_reach_the_head() {
    let dir = filled(3);
    let count = all_lines(dir.path()).len() as u64;
    forge(dir.path(), |line| (!line.contains("\"kind\":\"checkpoint\"")).then(|| line.to_owned()));
    assert_eq!(finding(dir.path()).kind, FindingKind::Truncated { through: count });
    // Extended to the length in the head, it is still not the line that was signed.
    let dir = filled(3);
    let count = all_lines(dir.path()).len() as u64;
    forge(dir.path(), |line| Some(line.replace("\"kind\":\"checkpoint\"", "\"kind\":\"request\"")));
    let found = finding(dir.path());
    assert_eq!((found.kind, found.seq), (FindingKind::NotTheHead { since: 1 }, count));
}

#[test]
fn a_checkpoint_cannot_be_moved() {
    let dir = filled(6);
    let checkpoints = crate::fixture::of_kind(dir.path(), "checkpoint");
    let signature = |line: &str| line.split("\"signature\":\"").nth(1).unwrap()[..128].to_owned();
    let (first, third) = (signature(&checkpoints[0]), signature(&checkpoints[2]));
    forge(dir.path(), |line| Some(line.replace(&third, &first)));
    assert!(matches!(finding(dir.path()).kind, FindingKind::BadSignature { .. }));
}

#[test]
fn lines_appended_without_the_seed_are_reported_as_unsigned() {
    let dir = filled(3);
    let path = segments(dir.path()).pop().unwrap();
    let last = mark_of(lines(&path).last().unwrap());
    let line = String::from_utf8(lines(&path)[1].clone()).unwrap();
    let (_, rest) = line.split_once(',').unwrap();
    let (forged, _) = relink(format!("{{\"seq\":{},{rest}", last.seq + 1).as_bytes(), &last.chain);
    fs::write(&path, [fs::read(&path).unwrap(), forged].concat()).unwrap();
    // Line 1 of the copy is a checkpoint with the signature of another position; a request would merely be unsigned.
    assert!(matches!(finding(dir.path()).kind, FindingKind::BadSignature { .. }));
    let dir = filled(3);
    let path = segments(dir.path()).pop().unwrap();
    let last = mark_of(lines(&path).last().unwrap());
    let (_, rest) = line.split_once(",\"kind\":").unwrap();
    let forged = format!("{{\"seq\":{},\"time\":\"\",\"kind\":{}", last.seq + 1, rest.replace("checkpoint", "request"));
    let (forged, _) = relink(forged.as_bytes(), &last.chain);
    fs::write(&path, [fs::read(&path).unwrap(), forged].concat()).unwrap();
    assert_eq!(check(dir.path()).unwrap().unsigned, 1);
}

#[test]
fn a_log_rolled_back_together_with_its_head_is_found_only_from_outside() {
    let dir = filled(4);
    let old = copy(dir.path());
    let log = AuditLog::open(config(dir.path(), 8192)).unwrap();
    append_groups(&log, 4);
    let kept = Expected { head: Some(log.head()), ..Expected::default() };
    drop(log);
    verify(dir.path(), &kept).unwrap();

    check(old.path()).unwrap();
    let kept_seq = kept.head.unwrap().seq;
    assert_eq!(finding_of(verify(old.path(), &kept)).kind, FindingKind::NotTheExpectedLog);
    // The finding remains after the rolled-back log has grown.
    let log = AuditLog::open(config(old.path(), 8192)).unwrap();
    append_groups(&log, 8);
    drop(log);
    check(old.path()).unwrap();
    let found = finding_of(verify(old.path(), &kept));
    assert_eq!((found.kind, found.seq), (FindingKind::NotTheExpectedLog, kept_seq));
}
