//! Output that nobody can take: a full disk is a failure that is told, a reader that left is none, and nothing panics.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::fixture::said;

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn claviger(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.args(arguments);
    command
}

#[test]
fn help_on_a_full_disk_is_a_failure_and_a_reader_that_left_is_none() {
    for argument in ["--help", "--version"] {
        let run = |stdout: Stdio| claviger(&[argument]).stdout(stdout).output().unwrap().status.code();
        assert_eq!(run(full()), Some(1), "{argument}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(run(writer.into()), Some(0), "{argument}");
    }
}

/// It panicked, and ended with 101.
#[test]
fn a_demo_on_a_full_disk_is_a_failure_like_any_other() {
    let ended = claviger(&["demo"]).stdout(full()).output().unwrap();
    let text = said(&ended);
    assert!(ended.status.code() == Some(1) && text.starts_with("claviger: stdout"), "{text}");
}

/// Also this panicked: where no error can be told, its code is still the right one.
#[test]
fn an_error_that_nobody_can_read_ends_with_its_own_code() {
    for output in ["text", "json"] {
        let verify = ["audit", "verify", "--data-dir", "/nowhere", "--output", output];
        assert_eq!(claviger(&verify).stderr(full()).status().unwrap().code(), Some(1), "{output}");
        let told = claviger(&verify).output().unwrap();
        assert!(told.status.code() == Some(1) && !said(&told).is_empty(), "{output}");
    }
}

/// A server whose log is on a full disk serves all the same.
#[test]
fn a_server_whose_log_takes_nothing_starts_and_serves() {
    let dir = tempfile::tempdir().unwrap();
    let (data, at) = (dir.path().join("data"), "127.0.0.1:0");
    let mut dev = claviger(&["dev", "--listen", at, "--admin", at, "--stock", "RSA_2048=0", "--data-dir"]);
    let mut child = dev.arg(&data).stderr(full()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let is_ready = line.starts_with("claviger ready");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_ready, "{line}");
}
