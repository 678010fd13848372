//! The audit log and the store next to it, tampered with by somebody who can write to the disk but has no root key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use claviger_store::{Batch, Commit, StoreConfig};

fn claviger(arguments: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.args(arguments).arg("--data-dir").arg(dir);
    command
}

fn dev(dir: &Path) -> Command {
    claviger(&["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"], dir)
}

/// Starts a server, waits until it is ready, runs `meanwhile`, and stops it.
fn served(dir: &Path, meanwhile: impl FnOnce()) {
    let mut child = dev(dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("claviger ready"), "{line}");
    meanwhile();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

fn verify(dir: &Path, with_store: bool) -> Output {
    let mut command = claviger(&["audit", "verify", "--output", "json"], dir);
    if with_store {
        command.arg("--root-key-file").arg(dir.join("root.key"));
    }
    command.output().unwrap()
}

fn refused(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains(words), "expected `{words}` in: {text}");
}

fn record(dir: &Path, key: &str) -> Option<Vec<u8>> {
    claviger_store::open(&StoreConfig::embedded(dir)).unwrap().get(key.as_bytes()).unwrap().map(|entry| entry.value)
}

fn put_back(dir: &Path, key: &str, value: &[u8]) {
    let written = claviger_store::open(&StoreConfig::embedded(dir))
        .unwrap()
        .commit(Batch::new().put(key.as_bytes(), value.to_vec()))
        .unwrap();
    assert!(matches!(written, Commit::Done(_)));
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_dropped_log_with_a_restored_signing_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let old = record(dir.path(), "meta/audit-signing-key").unwrap();
    // The log is dropped on purpose; the new one has a new key.
    fs::remove_dir_all(dir.path().join("audit")).unwrap();
    refused(&dev(dir.path()).output().unwrap(), "holds no audit log");
    assert!(claviger(&["audit", "reset", "--yes"], dir.path()).output().unwrap().status.success());
    served(dir.path(), || {});
    put_back(dir.path(), "meta/audit-signing-key", &old);
    fs::remove_dir_all(dir.path().join("audit")).unwrap();
    refused(&dev(dir.path()).output().unwrap(), "an older copy was restored");
}

#[test]
fn a_removed_anchor_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    engine.commit(Batch::new().delete(b"meta/audit-anchor")).unwrap();
    drop(engine);
    refused(&dev(dir.path()).output().unwrap(), "meta/audit-anchor");
    refused(&verify(dir.path(), true), "meta/audit-anchor");
}

#[test]
fn a_damaged_anchor_stops_the_start_until_an_operator_decides() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    engine.commit(Batch::new().put(b"meta/audit-anchor", b"damaged".to_vec())).unwrap();
    drop(engine);
    refused(&dev(dir.path()).output().unwrap(), "meta/audit-anchor");
    refused(&verify(dir.path(), true), "meta/audit-anchor");
    assert!(claviger(&["audit", "reset", "--yes"], dir.path()).output().unwrap().status.success());
    served(dir.path(), || {});
}

#[test]
fn an_older_copy_of_the_log_is_refused() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    served(dir.path(), || {});
    copied(&dir.path().join("audit"), old.path());
    // Something must have been recorded since.
    served_with_a_change(dir.path());
    fs::remove_dir_all(dir.path().join("audit")).unwrap();
    copied(old.path(), &dir.path().join("audit"));
    assert!(verify(dir.path(), false).status.success(), "in itself it is sound");
    refused(&verify(dir.path(), true), "which the instance's store has recorded");
    refused(&dev(dir.path()).output().unwrap(), "which the instance's store has recorded");
}

/// Runs a server and creates one key.
fn served_with_a_change(dir: &Path) {
    let mut child = dev(dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let endpoint = line.split_whitespace().nth(2).unwrap().to_owned();
    let made = claviger(&["key", "create", "--endpoint", &endpoint], dir).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    child.wait().unwrap();
}

#[test]
fn the_store_is_compared_while_the_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let output = verify(dir.path(), true);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            if text.contains("compared with the store") {
                break;
            }
            assert!(Instant::now() < deadline, "{text}");
        }
    });
    assert!(String::from_utf8_lossy(&verify(dir.path(), false).stdout).contains("head file alone"));
}

#[test]
fn reset_leaves_a_log_in_use_alone() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let audit = dir.path().join("audit");
    let in_use = File::open(&audit).unwrap();
    in_use.try_lock().unwrap();
    refused(&claviger(&["audit", "reset", "--yes"], dir.path()).output().unwrap(), "open in another process");
    assert!(audit.join("head").exists());
    drop(in_use);
    assert!(claviger(&["audit", "reset", "--yes"], dir.path()).output().unwrap().status.success());
    assert!(!audit.exists());
}

#[test]
fn the_data_directory_comes_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    let output = command.args(["audit", "verify"]).env("CLAVIGER_DATA_DIR", dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The requests of the log, as text.
fn requests(dir: &Path) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(dir.join("audit")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    paths.sort();
    let text: String = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    text.lines().filter(|line| line.contains(",\"kind\":\"request\",")).map(str::to_owned).collect()
}

#[test]
fn a_reset_log_names_its_predecessor() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let old: serde_json::Value = serde_json::from_slice(&verify(dir.path(), true).stdout).unwrap();
    assert!(claviger(&["audit", "reset", "--yes"], dir.path()).output().unwrap().status.success());
    served(dir.path(), || {});
    let (key, head) = (old["PublicKey"].as_str().unwrap(), old["Head"].as_str().unwrap());
    let named = format!("\"named\":\"old public key {key}; last signed line {head}\"");
    let first = &requests(dir.path())[0];
    assert!(first.contains("\"operation\":\"BeginAuditLogAnew\"") && first.contains(&named), "{first}");
    served(dir.path(), || {});
    let resets = requests(dir.path()).iter().filter(|line| line.contains("BeginAuditLogAnew")).count();
    assert_eq!(resets, 1, "once");
}

#[test]
fn a_reset_log_names_what_the_store_knew_of_a_lost_one() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    let old: serde_json::Value = serde_json::from_slice(&verify(dir.path(), true).stdout).unwrap();
    fs::remove_dir_all(dir.path().join("audit")).unwrap();
    assert!(claviger(&["audit", "reset", "--yes"], dir.path()).output().unwrap().status.success());
    served(dir.path(), || {});
    let named = format!("end unreadable, last line noted by the store {}\"", old["Head"].as_str().unwrap());
    assert!(requests(dir.path())[0].contains(&named), "{}", requests(dir.path())[0]);
}

#[test]
fn verify_leaves_nothing_beside_the_store_of_a_stopped_server() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), || {});
    assert!(verify(dir.path(), true).status.success());
    for left in ["store.sqlite3-wal", "store.sqlite3-shm"] {
        assert!(!dir.path().join(left).exists(), "{left}");
    }
}

#[test]
fn an_older_store_under_a_newer_log_gives_a_warning() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let warns = |dir: &Path| {
        let mut child = dev(dir).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stderr).contains("An older copy of the store")
    };
    served(dir.path(), || {});
    fs::copy(dir.path().join("store.sqlite3"), old.path().join("store.sqlite3")).unwrap();
    served_with_a_change(dir.path());
    // The log must span more time than a killed server can leave unrecorded.
    std::thread::sleep(Duration::from_secs(12));
    served_with_a_change(dir.path());
    assert!(!warns(dir.path()), "store and log are of the same moment");
    let verified = |with_store: bool| -> serde_json::Value {
        let output = verify(dir.path(), with_store);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!((&verified(true)["UnnotedLines"], &verified(true)["Warning"]), (&0.into(), &serde_json::Value::Null));
    assert_eq!(verified(false)["UnnotedLines"], serde_json::Value::Null, "there is nothing to compare with");
    fs::copy(old.path().join("store.sqlite3"), dir.path().join("store.sqlite3")).unwrap();
    // The verifier reports the same as the start. Formerly, it did not.
    let found = verified(true);
    let lines = found["UnnotedLines"].as_u64().unwrap();
    assert!(lines > 0 && lines < found["Lines"].as_u64().unwrap(), "{found}");
    let warning = found["Warning"].as_str().unwrap();
    assert!(
        warning.contains("An older copy of the store") && warning.contains(&format!("{lines} lines, from 20")),
        "{warning}"
    );
    let mut text = claviger(&["audit", "verify"], dir.path());
    let text = text.arg("--root-key-file").arg(dir.path().join("root.key")).output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("UnnotedLines")).unwrap();
    assert!(line.trim() == lines.to_string() && text.contains("An older copy of the store"), "{text}");
    assert!(warns(dir.path()));
}

/// A number below the threshold of the warning is reported too.
#[test]
fn unnoted_lines_are_counted_with_and_without_a_warning() {
    let (dir, old) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    served(dir.path(), || {});
    fs::copy(dir.path().join("store.sqlite3"), old.path().join("store.sqlite3")).unwrap();
    served_with_a_change(dir.path());
    fs::copy(old.path().join("store.sqlite3"), dir.path().join("store.sqlite3")).unwrap();
    let output = verify(dir.path(), true);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(found["UnnotedLines"].as_u64().unwrap() > 0 && found["Warning"].is_null(), "{found}");
}
