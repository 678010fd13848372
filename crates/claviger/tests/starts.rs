//! Starts that must fail, each with words that say what to do, and `audit verify` as an operator runs it.
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

fn claviger(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.args(arguments);
    command
}

fn dev(dir: &Path) -> Command {
    let mut command = claviger(&["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"]);
    command.arg(dir);
    command
}

/// A development server that is ready.
fn running(dir: &Path) -> Child {
    let mut child = dev(dir).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("claviger ready https://127.0.0.1:"), "{line}");
    child
}

fn stop(mut child: Child) {
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "a stop on SIGTERM is a clean one");
}

fn must_fail(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains(words), "expected `{words}` in: {text}");
}

#[test]
fn a_data_directory_that_is_a_file_or_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    must_fail(&dev(&file).output().unwrap(), "cannot be used");
    let data = dir.path().join("data");
    let server = running(&data);
    must_fail(&dev(&data).output().unwrap(), "another process has the store");
    stop(server);
}

#[test]
fn a_root_key_that_is_exposed_missing_or_another() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    stop(running(&one));
    stop(running(&two));
    let (key, other) = (one.join("root.key"), two.join("root.key"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    must_fail(&dev(&one).output().unwrap(), "chmod 600");
    let own = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    must_fail(&dev(&one).output().unwrap(), "there is no root key file");
    fs::copy(&other, &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    must_fail(&dev(&one).output().unwrap(), "use the root key file this store was made with");
    fs::write(&key, own).unwrap();
    stop(running(&one));
}

#[test]
fn init_makes_an_instance_once_and_serve_keeps_the_root_key_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let init = |config: &str, root: &str| {
        let arguments =
            ["init", "--data-dir", &path("data"), "--root-key-file", &path(root), "--config", &path(config)];
        claviger(&arguments).output().unwrap()
    };
    must_fail(&init("a.toml", "data/root.key"), "keep it elsewhere");
    let made = init("a.toml", "root.key");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    must_fail(&init("a.toml", "root.key"), "exists already");
    must_fail(&init("b.toml", "root.key"), "already holds Claviger data");
    for name in ["client-key.json", "client-key-password.txt", "access-key.json"] {
        let mode = fs::metadata(dir.path().join("data").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let config = fs::read_to_string(path("a.toml")).unwrap();
    fs::write(path("wrong.toml"), config.replace("admin = \"127.0.0.1:8444\"", "admin = \"0.0.0.0:8444\"")).unwrap();
    must_fail(&claviger(&["serve", "--config", &path("wrong.toml")]).output().unwrap(), "must be on 127.0.0.1");
    must_fail(&claviger(&["serve", "--config", &path("none.toml")]).output().unwrap(), "`claviger init` writes one");
}

#[test]
fn audit_verify_names_what_was_done_to_the_log() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        stop(running(dir.path()));
    }
    let verify = || claviger(&["audit", "verify", "--data-dir"]).arg(dir.path()).output().unwrap();
    let good = verify();
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let file = dir.path().join("audit").join("audit-00000000000000000001.log");
    let original = fs::read_to_string(&file).unwrap();
    fs::write(&file, original.replacen("segment", "segmenu", 1)).unwrap();
    must_fail(&verify(), "altered");
    let lines: Vec<&str> = original.lines().collect();
    fs::write(&file, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    must_fail(&verify(), "truncated");
    must_fail(&dev(dir.path()).output().unwrap(), "the audit log is damaged");
    fs::write(&file, &original).unwrap();
    stop(running(dir.path()));
}
