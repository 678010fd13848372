//! Builds the fuzzer on stable Rust with coverage instrumentation, then runs each target with its corpus.
//!
//! Nothing is written to the checked-in corpora; findings are in `target/`, from where they are copied by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::target_directory;
use crate::command::{cargo, host, run};
use crate::report::Outcome;

/// How long each target runs by default.
const SECONDS: &str = "60";
const SECONDS_VARIABLE: &str = "CLAVIGER_FUZZ_SECONDS";

/// The compiler flags of `cargo fuzz`, without the sanitizer, which needs a nightly compiler.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                        -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Builds the fuzzer and runs every target that has a corpus.
pub(crate) fn fuzz(root: &Path) -> Outcome {
    build(root).and_then(|fuzzer| every_target(root, &fuzzer)).into()
}

fn build(root: &Path) -> Result<PathBuf, String> {
    let host = host()?;
    let home = target_directory(root).join("fuzz");
    let mut command = cargo(root);
    command.args(["build", "-p", "claviger-fuzz", "--bin", "fuzz", "--features", "libfuzzer", "--profile", "fuzz"]);
    // With an explicit target, the flags do not apply to build scripts.
    command.args(["--target", &host, "--target-dir"]).arg(&home).env("RUSTFLAGS", COVERAGE);
    run(&mut command)?;
    Ok(home.join(host).join("fuzz").join("fuzz"))
}

fn every_target(root: &Path, fuzzer: &Path) -> Result<(), String> {
    let corpus = root.join("fuzz/corpus");
    let mut targets: Vec<String> = fs::read_dir(&corpus)
        .map_err(|error| format!("{}: {error}", corpus.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    targets.sort();
    if targets.is_empty() {
        return Err(format!("{} has no targets", corpus.display()));
    }
    let failures: Vec<String> =
        targets.iter().filter_map(|target| one_target(root, fuzzer, target, &corpus.join(target)).err()).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
}

fn one_target(root: &Path, fuzzer: &Path, target: &str, seeds: &Path) -> Result<(), String> {
    let found = target_directory(root).join("fuzz-corpus").join(target);
    let findings = target_directory(root).join("fuzz-findings");
    for folder in [&found, &findings] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let seconds = std::env::var(SECONDS_VARIABLE).unwrap_or_else(|_unset| String::from(SECONDS));
    let mut command = Command::new(fuzzer);
    command.current_dir(root).env("CLAVIGER_FUZZ_TARGET", target);
    command.arg(format!("-max_total_time={seconds}")).args(["-max_len=16384", "-timeout=20", "-rss_limit_mb=1024"]);
    command.args(["-verbosity=0", "-print_funcs=0", "-print_final_stats=1"]);
    command.arg(format!("-artifact_prefix={}/{target}-", findings.display()));
    // libFuzzer writes new inputs to the first folder and only reads the others.
    run(command.arg(&found).arg(seeds))
}
