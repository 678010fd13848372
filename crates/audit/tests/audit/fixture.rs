//! Logs for the tests, and a second implementation of the format, written from `docs/formats/audit.md` alone.

use std::fs;
use std::path::{Path, PathBuf};

use claviger_audit::{
    AuditConfig, AuditLog, AuditRecord, Expected, Finding, LogPosition, Report, RequestPlane, VerifyError, verify,
};
use claviger_base::id::{InstanceId, RequestId};
use claviger_base::{Clock, SecretBytes, Timestamp};
use claviger_crypto::digest::sha256;
use tempfile::TempDir;

pub(crate) const SEED: [u8; 32] = [7; 32];
pub(crate) const INSTANCE: &str = "kst-0123456789abcdefghijk";

pub(crate) fn config(dir: &Path, segment_bytes: u64) -> AuditConfig {
    AuditConfig {
        dir: dir.to_owned(),
        instance: InstanceId::parse(INSTANCE).unwrap(),
        segment_bytes,
        clock: Clock::default(),
        seed: SecretBytes::copy_from(&SEED),
        anchor: None,
    }
}

pub(crate) fn record() -> AuditRecord {
    AuditRecord {
        time: Timestamp::from_unix_ms(1_767_323_045_007),
        request_id: RequestId::generate().unwrap(),
        plane: RequestPlane::Instance,
        operation: "AdvanceGenerateDataKeyPair".to_owned(),
        principal: "KAAP.66abf237-63f6-4625-b8cf-47e1086e0000".to_owned(),
        source: Some("[2001:db8::1]:50123".parse().unwrap()),
        key_id: Some("key-0123456789abcdefghijk".to_owned()),
        named: None,
        key_version_id: Some("key-0123456789abcdefghijk-0123456789".to_owned()),
        code: "OK".to_owned(),
        status: 200,
        duration_us: 1234,
        detail: None,
        repeated: None,
    }
}

/// Appends groups of one to four records, one after another.
pub(crate) fn append_groups(log: &AuditLog, groups: usize) {
    for group in 0..groups {
        let waiting: Vec<_> = (0..=group % 4).map(|_| log.append(record())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for append in waiting {
            runtime.block_on(append).unwrap();
        }
    }
}

/// A closed log of several segments.
pub(crate) fn filled(groups: usize) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let log = AuditLog::create(config(dir.path(), 8 * 1024)).unwrap();
    append_groups(&log, groups);
    drop(log);
    dir
}

pub(crate) fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

/// Segment files, oldest first.
pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths.sort();
    paths
}

/// Lines with their newlines.
pub(crate) fn lines(path: &Path) -> Vec<Vec<u8>> {
    fs::read(path).unwrap().split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

/// Every line of the log.
pub(crate) fn all_lines(dir: &Path) -> Vec<Vec<u8>> {
    segments(dir).iter().flat_map(|path| lines(path)).collect()
}

/// All lines of one kind, as text.
pub(crate) fn of_kind(dir: &Path, kind: &str) -> Vec<String> {
    let lines = all_lines(dir).into_iter().map(|line| String::from_utf8(line).unwrap());
    lines.filter(|line| line.contains(&format!(",\"kind\":\"{kind}\""))).collect()
}

pub(crate) fn seq_of(line: &[u8]) -> u64 {
    let text = std::str::from_utf8(line).unwrap();
    text.strip_prefix("{\"seq\":").unwrap().split(',').next().unwrap().parse().unwrap()
}

/// `line` with the chain hash that it must have after `previous`, and that hash.
pub(crate) fn relink(line: &[u8], previous: &[u8; 32]) -> (Vec<u8>, [u8; 32]) {
    let body = &line[..line.len() - 77];
    let chain = sha256(&[previous, body].concat());
    ([body, format!(",\"chain\":\"{}\"}}\n", hex::encode(chain)).as_bytes()].concat(), chain)
}

pub(crate) fn chain_of(line: &[u8]) -> [u8; 32] {
    hex::decode(&line[line.len() - 67..line.len() - 3]).unwrap().try_into().unwrap()
}

pub(crate) fn mark_of(line: &[u8]) -> LogPosition {
    LogPosition { seq: seq_of(line), chain: chain_of(line) }
}

pub(crate) fn check(dir: &Path) -> Result<Report, VerifyError> {
    verify(dir, &Expected::default())
}

pub(crate) fn finding(dir: &Path) -> Finding {
    finding_of(check(dir))
}

pub(crate) fn finding_of(outcome: Result<Report, VerifyError>) -> Finding {
    match outcome {
        Err(VerifyError::Damaged(finding)) => finding,
        other => panic!("expected a finding, not {other:?}"),
    }
}
