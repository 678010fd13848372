//! A data directory of an earlier version (commit b11ca39, before audit anchors, the outbox and the trusted time)
//! opens: wrapped keys unwrap, the audit log verifies, and a second start finds everything in today's form.
//!
//! `data/` is what `claviger dev` of that commit left after one EC_P256 pair and one key; `pair.wrapped` and `pair.pem`
//! are that pair. Its client key expires in November 2031; this test needs a newer one then.
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
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upgrade");

/// Copies a directory with files and directories accessible to their owner alone, which a repository does not preserve.
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

#[test]
fn a_data_directory_of_an_earlier_version_opens_and_stays_whole() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    copy(&Path::new(FIXTURE).join("data"), &dir);
    let pem = fs::read_to_string(Path::new(FIXTURE).join("pair.pem")).unwrap();
    let mut heads = Vec::new();
    for _start in 0..2 {
        let (server, endpoint) = start(&dir);
        let open = ["data-key-pair", "open", "--endpoint", &endpoint];
        let opened = claviger(&dir).args(open).arg(Path::new(FIXTURE).join("pair.wrapped")).output().unwrap();
        assert!(text(&opened).contains(pem.trim()), "the same private key");
        let listed = claviger(&dir).args(["key", "list", "--endpoint", &endpoint]).output().unwrap();
        assert_eq!(text(&listed).matches("Aliyun_AES_256").count(), 2);
        stop(server);
        let verified = claviger(&dir).args(["audit", "verify", "--root-key-file"]).arg(dir.join("root.key")).output();
        let verified = text(&verified.unwrap());
        assert!(verified.contains("compared with the store"), "{verified}");
        heads.push(fs::read_to_string(dir.join("audit/head")).unwrap());
    }
    assert!(heads.iter().all(|head| head.matches("\"number\":").count() == 2), "{heads:?}");
    // The earlier form, restored, is no longer accepted.
    fs::copy(Path::new(FIXTURE).join("data/audit/head"), dir.join("audit/head")).unwrap();
    let refused = claviger(&dir)
        .args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"])
        .arg(&dir)
        .output();
    let refused = refused.unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("head file"));
}
