//! `cargo xtask bench keygen`: the key generation benchmark in the release profile, including the system's OpenSSL if
//! available.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::command::{apt_install, cargo, find, succeeds};

/// Runs the benchmark and passes `options` to it. Only the benchmark writes to standard output, so that `--json` prints
/// pure JSON.
pub(crate) fn keygen(root: &Path, options: &[&str]) -> ExitCode {
    let mut command = cargo(root);
    command.args(["run", "--quiet", "--release", "-p", "claviger-bench", "--bin", "keygen"]);
    if has_openssl() {
        command.args(["--features", "openssl"]);
    } else {
        eprintln!("OpenSSL is not measured: its headers are missing and cannot be installed (libssl-dev, pkg-config)");
    }
    command.arg("--").args(options);
    eprintln!("  $ {}", crate::command::command_line(&command));
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
