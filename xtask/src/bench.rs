//! `cargo xtask bench keygen`: the key generation benchmark in the release profile, with the system's OpenSSL where
//! it can be had.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::command::{apt_install, cargo, find, succeeds};

/// Runs the benchmark with `options` of its own. Only it writes to standard output, so that `--json` gives JSON and
/// no more.
pub(crate) fn keygen(root: &Path, options: &[&str]) -> ExitCode {
    let mut command = cargo(root);
    command.args(["run", "--quiet", "--release", "-p", "claviger-bench", "--bin", "keygen"]);
    if has_openssl() {
        command.args(["--features", "openssl"]);
    } else {
        eprintln!(
            "the headers of OpenSSL are missing and cannot be installed (libssl-dev, pkg-config): it is not measured"
        );
    }
    command.arg("--").args(options);
    eprintln!("  $ {}", crate::command::spelled(&command));
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("the benchmark ended with {status}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cargo could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

fn has_openssl() -> bool {
    let exists = || find("pkg-config").is_some() && succeeds(Command::new("pkg-config").args(["--exists", "openssl"]));
    exists() || (apt_install(&["libssl-dev", "pkg-config"]).is_ok() && exists())
}
