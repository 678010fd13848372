//! Output that cannot be written: a full disk is reported as a failure, a closed pipe is not, and nothing panics.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::fixture::stderr_text;

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn claviger(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
    command.args(arguments);
    command
}

#[test]
fn help_on_a_full_disk_is_a_failure_and_a_closed_pipe_is_none() {
    for argument in ["--help", "--version"] {
        let run = |stdout: Stdio| claviger(&[argument]).stdout(stdout).output().unwrap().status.code();
        assert_eq!(run(full()), Some(1), "{argument}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(run(writer.into()), Some(0), "{argument}");
    }
}

/// Formerly, it panicked with exit code 101.
#[test]
fn a_demo_on_a_full_disk_is_a_failure_like_any_other() {
    let ended = claviger(&["demo"]).stdout(full()).output().unwrap();
    let text = stderr_text(&ended);
    assert!(ended.status.code() == Some(1) && text.starts_with("claviger: stdout"), "{text}");
}

/// Formerly, this panicked too. If no error can be printed, the exit code must still be right.
#[test]
fn an_unprintable_error_still_sets_its_exit_code() {
    for output in ["text", "json"] {
        let verify = ["audit", "verify", "--data-dir", "/nowhere", "--output", output];
        assert_eq!(claviger(&verify).stderr(full()).status().unwrap().code(), Some(1), "{output}");
        let verified = claviger(&verify).output().unwrap();
        assert!(verified.status.code() == Some(1) && !stderr_text(&verified).is_empty(), "{output}");
    }
}

/// A server whose log is on a full disk still serves.
#[test]
fn a_server_that_cannot_log_starts_and_serves() {
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
