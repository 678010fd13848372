//! `cargo xtask bench profile`: how the time of a request is spent. Samples a development server with `perf` while the
//! benchmark calls one operation after the other, and assigns each sample to a part of the request.
//!
//! The server is built with frame pointers and without link-time optimisation, so that call stacks are complete. Read the
//! shares, not the absolute times.

mod parts;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use self::parts::Shares;
use crate::command::{self, apt_install, cargo, find};

/// The operations to profile.
const TARGETS: [&str; 4] = ["EC_P256", "EC_P256K", "AdvanceEncrypt", "AdvanceDecrypt"];
/// Samples per second and thread; a prime, so that sampling is not synchronous with timers.
const RATE: &str = "997";

fn print_table(root: &Path) -> Result<(), String> {
    if find("perf").is_none() {
        apt_install(&["linux-perf"]).map_err(|why| format!("perf is missing and cannot be installed: {why}"))?;
    }
    let binaries = build(root)?;
    let data_dir = root.join("target/profile/data");
    let _none_yet = std::fs::remove_dir_all(&data_dir);
    let server = Server::start(&binaries, &data_dir)?;
    let samples = TARGETS.map(|target| server.sample(&binaries, &data_dir, target));
    drop(server);
    // No longer needed, and it contains the root key.
    std::fs::remove_dir_all(&data_dir).map_err(|error| format!("{} cannot be removed: {error}", data_dir.display()))?;
    let mut columns = Vec::new();
    for shares in samples {
        columns.push(shares?);
    }
    println!(
        "\nshare of the server's CPU time, per cent\n{:44}{:>10}{:>10}{:>16}{:>16}",
        "", TARGETS[0], TARGETS[1], TARGETS[2], TARGETS[3]
    );
    for part in parts::names() {
        let share = |column: usize| columns.get(column).map_or(0.0, |shares: &Shares| shares.of(part));
        println!("{part:44}{:>10.1}{:>10.1}{:>16.1}{:>16.1}", share(0), share(1), share(2), share(3));
    }
    Ok(())
}

/// Prints the table.
pub(crate) fn run(root: &Path) -> ExitCode {
    match print_table(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Builds server and benchmark; returns their directory.
fn build(root: &Path) -> Result<PathBuf, String> {
    let target = root.join("target/profile");
    let mut command = cargo(root);
    command
        .args(["build", "--profile", "profiling", "-p", "claviger", "-p", "claviger-bench", "--bins", "--target-dir"])
        .arg(&target);
    command.env("RUSTFLAGS", "-C force-frame-pointers=yes").env("CARGO_PROFILE_RELEASE_LTO", "off");
    command::run(&mut command)?;
    Ok(target.join("profiling"))
}

/// A development server; stopped when dropped.
struct Server {
    process: Child,
    endpoint: String,
    /// Kept open: the server would end if it could not write to it.
    _output: BufReader<ChildStdout>,
}

impl Server {
    fn start(binaries: &Path, data_dir: &Path) -> Result<Self, String> {
        let mut command = Command::new(binaries.join("claviger"));
        command.arg("dev").arg("--data-dir").arg(data_dir).args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.args(["--data-key-pair-concurrency", "unlimited"]);
        for spec in ["RSA_2048=0", "RSA_3072=0", "RSA_4096=0"] {
            command.args(["--stock", spec]);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().map_err(|error| format!("no server: {error}"))?;
        let mut output = BufReader::new(process.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            // "claviger ready https://127.0.0.1:PORT instance ..."
            if let Some(endpoint) = line.split_whitespace().find(|word| word.starts_with("https://")) {
                let endpoint = endpoint.to_owned();
                return Ok(Self { process, endpoint, _output: output });
            }
            line.clear();
        }
        let _ended = process.kill();
        Err(String::from("the server ended before it was ready"))
    }

    fn sample(&self, binaries: &Path, data_dir: &Path, target: &str) -> Result<Shares, String> {
        let file = data_dir.with_extension(target);
        let mut perf = Command::new("perf");
        perf.args(["record", "-q", "-g", "-F", RATE, "-p", &self.process.id().to_string(), "-o"]).arg(&file).arg("--");
        perf.arg(binaries.join("claviger-bench")).args(["server", &self.endpoint]).arg(data_dir).arg(target);
        command::run(&mut perf)?;
        let mut script = Command::new("perf");
        script.args(["script", "-F", "comm,ip,sym", "-i"]).arg(&file);
        let script = script.output().map_err(|error| format!("perf script: {error}"))?;
        Shares::count(&String::from_utf8_lossy(&script.stdout)).ok_or_else(|| {
            format!(
                "perf recorded no sample of {target}; may this user sample (kernel.perf_event_paranoid)? {}",
                String::from_utf8_lossy(&script.stderr).trim()
            )
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
