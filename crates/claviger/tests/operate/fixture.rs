//! A production instance in a temporary directory, and its server.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A production instance in a temporary directory.
pub(crate) struct Instance {
    pub(crate) dir: tempfile::TempDir,
}

/// A running server; killed when dropped, so that a failed test leaves none running.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) endpoint: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) fn free_loopback_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
pub(crate) fn must_fail(output: &Output, words: &str) {
    let text = text(output);
    assert!(!output.status.success() && text.contains(words), "expected `{words}` in: {text}");
}

#[track_caller]
pub(crate) fn must_succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

impl Instance {
    pub(crate) fn nothing() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn made() -> Self {
        let made = Self::nothing();
        must_succeed(&made.init(&[]));
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn claviger(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        command.args(arguments).current_dir(self.dir.path());
        command.env_remove("CLAVIGER_DATA_DIR").env_remove("CLAVIGER_ENDPOINT");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.claviger(arguments).output().unwrap()
    }

    pub(crate) fn init_command(&self, more: &[&str]) -> Command {
        let mut command =
            self.claviger(&["init", "--data-dir", "data", "--root-key-file", "root.key", "--config", "claviger.toml"]);
        command.args(more);
        command
    }

    pub(crate) fn init(&self, more: &[&str]) -> Output {
        self.init_command(more).output().unwrap()
    }

    pub(crate) fn edit(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.path("claviger.toml")).unwrap();
        assert!(config.contains(from), "{from} in {config}");
        fs::write(self.path("claviger.toml"), config.replace(from, to)).unwrap();
    }

    pub(crate) fn on_loopback(&self) -> String {
        let admin = free_loopback_address();
        self.edit("0.0.0.0:8443", "127.0.0.1:0");
        self.edit("127.0.0.1:8444", &admin);
        admin
    }

    pub(crate) fn serve(&self) -> Running {
        let mut command = self.claviger(&["serve", "--config", "claviger.toml"]);
        let log = fs::File::create(self.path("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = || fs::read_to_string(self.path("log")).unwrap();
        let endpoint = line.split(' ').find(|word| word.starts_with("https://"));
        let endpoint = endpoint.unwrap_or_else(|| panic!("{line} {}", log())).to_owned();
        Running { child, endpoint }
    }

    /// The output of a start that must be refused.
    pub(crate) fn refused_start(&self) -> Output {
        let mut child = self.claviger(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if !line.is_empty() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(line, "", "it started");
        output
    }

    /// Runs a command against the running server, with the credentials in this directory.
    pub(crate) fn call(&self, server: &Running, credentials: &str, arguments: &[&str]) -> Output {
        let mut command = self.claviger(arguments);
        command.args(["--endpoint", &server.endpoint, "--data-dir", credentials, "--output", "json"]);
        command.output().unwrap()
    }

    pub(crate) fn json(&self, server: &Running, credentials: &str, arguments: &[&str]) -> Value {
        let output = self.call(server, credentials, arguments);
        must_succeed(&output);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The content of a directory: names, sizes, modification times and bytes.
pub(crate) fn everything_in(dir: &Path) -> Vec<(PathBuf, std::time::SystemTime, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
        } else {
            let changed = fs::metadata(&path).unwrap().modified().unwrap();
            found.push((path.clone(), changed, fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}
