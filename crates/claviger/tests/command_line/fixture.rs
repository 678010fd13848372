//! A development server and a working directory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) struct Workplace {
    pub(crate) dir: TempDir,
    pub(crate) endpoint: String,
    child: Child,
}

impl Workplace {
    pub(crate) fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("claviger-data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.split_whitespace().nth(2).unwrap().to_owned();
        Self { dir, endpoint, child }
    }

    /// Ends the server immediately.
    pub(crate) fn end_server(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claviger"));
        command.args(words).current_dir(self.dir.path()).env("CLAVIGER_ENDPOINT", &self.endpoint);
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn text(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", stderr_text(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Standard error of a command that ends with this code.
    pub(crate) fn fails(&self, words: &[&str], code: i32) -> String {
        let output = self.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", stderr_text(&output));
        stderr_text(&output)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Names in the directory, without those of the server.
    pub(crate) fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).filter(|name| name != "claviger-data").collect()
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        self.end_server();
    }
}

pub(crate) fn stderr_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
