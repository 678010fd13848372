//! Data directories of earlier versions open: wrapped keys unwrap, the audit log verifies, and a second start finds
//! everything in today's form.
//!
//! Each folder is named after a commit: `data/` is what its `claviger dev` left, `pair.wrapped` and `pair.pem` are a pair
//! that it made. `b11ca39`, from before audit anchors, the outbox and the trusted time, has one further key. `74b5ac8` has a
//! record of every kind: a rotated key with an alias, a disabled key, one whose deletion is scheduled, an access point
//! with a revoked client key, two access keys, a moved clock. The client keys expire in November 2031; this test needs
//! newer ones then.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The folder of this commit.
fn fixture(commit: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade").join(commit)
}

/// Copies a directory. Only the owner can access the copies, because a repository does not preserve these permissions.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

fn claviger(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.env("CLAVIGER_DATA_DIR", dir);
    command
}

fn start(dir: &Path) -> (Child, String) {
    let mut command = claviger(dir);
    command.args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"]).arg(dir);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let endpoint = line.split_whitespace().nth(2).expect("the server starts").to_owned();
    (child, endpoint)
}

fn stop(mut child: Child) {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Starts on a copy of the fixture twice; each time the pair opens, `key list` shows each of `keys`, and the log verifies.
fn opens_twice(commit: &str, dir: &Path, keys: &[&str]) {
    let fixture = fixture(commit);
    copy(&fixture.join("data"), dir);
    let pem = fs::read_to_string(fixture.join("pair.pem")).unwrap();
    for _start in 0..2 {
        let (server, endpoint) = start(dir);
        let open = ["data-key-pair", "open", "--endpoint", &endpoint];
        let opened = claviger(dir).args(open).arg(fixture.join("pair.wrapped")).output().unwrap();
        assert!(text(&opened).contains(pem.trim()), "the same private key");
        let listed = text(&claviger(dir).args(["key", "list", "--endpoint", &endpoint]).output().unwrap());
        assert_eq!(listed.lines().count(), keys.len() + 1, "{listed}");
        for key in keys {
            let words: Vec<&str> = key.split(' ').collect();
            assert!(listed.lines().any(|line| words.iter().all(|word| line.contains(word))), "{key}: {listed}");
        }
        stop(server);
        let verified = claviger(dir).args(["audit", "verify", "--root-key-file"]).arg(dir.join("root.key")).output();
        let verified = text(&verified.unwrap());
        assert!(verified.contains("compared with the store"), "{verified}");
        assert_eq!(fs::read_to_string(dir.join("audit/head")).unwrap().matches("\"number\":").count(), 2);
    }
}

#[test]
fn a_data_directory_of_an_earlier_version_opens_and_stays_whole() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    opens_twice("b11ca39", &dir, &["alias/dev Aliyun_AES_256 Enabled", "- Aliyun_AES_256 Enabled"]);
    // The earlier form, restored, is no longer accepted.
    fs::copy(fixture("b11ca39").join("data/audit/head"), dir.join("audit/head")).unwrap();
    let refused = claviger(&dir)
        .args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"])
        .arg(&dir)
        .output();
    let refused = refused.unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("head file"));
}

#[test]
fn every_kind_of_record_of_an_earlier_version_opens() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    let keys = [
        "alias/dev Aliyun_AES_256 Enabled",
        "alias/rotating key-p9stnro7s9una0tnwck4e Aliyun_AES_256 Enabled",
        "key-ktrlnjl77lx3mo4npvbz1 EC_P256 Enabled",
        "key-p0epvnht33x6loiv63iwg HMAC_SHA_256 Disabled",
        "key-rf228j94loz2209iay2ik Aliyun_AES_256 PendingDeletion",
    ];
    opens_twice("74b5ac8", &dir, &keys);
    let (server, endpoint) = start(&dir);
    let run =
        |arguments: &[&str]| text(&claviger(&dir).args(arguments).args(["--endpoint", &endpoint]).output().unwrap());
    let versions = run(&["key", "versions", "alias/rotating"]);
    assert!(versions.contains("TotalCount") && versions.contains("key-p9stnro7s9una0tnwck4e-rbvth1yvaa"), "{versions}");
    assert_eq!(run(&["client-key", "list"]).lines().count(), 2, "a title and the key that was not revoked");
    assert_eq!(run(&["access-key", "list"]).matches("LTAI").count(), 2);
    stop(server);
}
