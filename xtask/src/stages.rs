//! The stages of `cargo xtask test`, cheapest first.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::command::{self, cargo, run as run_command, target_directory};
use crate::conformance;
use crate::docs;
use crate::parallel::ParallelStage;
use crate::report::{Outcome, Report};

use crate::tidy;

struct Stage {
    name: &'static str,
    about: &'static str,
    slow: bool,
    /// The stage in parallel with which it runs, if that stage runs too.
    parallel_to: Option<&'static str>,
    run: fn(&Path, bool) -> Outcome,
}

impl Stage {
    const fn ordinary(name: &'static str, about: &'static str, run: fn(&Path, bool) -> Outcome) -> Self {
        Self { name, about, slow: false, parallel_to: None, run }
    }

    const fn slow(name: &'static str, about: &'static str, run: fn(&Path, bool) -> Outcome) -> Self {
        Self { slow: true, ..Self::ordinary(name, about, run) }
    }

    const fn parallel_to(self, other: &'static str) -> Self {
        Self { parallel_to: Some(other), ..self }
    }
}

const STAGES: [Stage; 18] = [
    Stage::ordinary("fmt", "cargo fmt --check", fmt),
    Stage::ordinary("tidy", "the project's lint checks", tidy),
    Stage::ordinary("clippy", "cargo clippy, warnings are errors", clippy),
    Stage::ordinary("build", "the claviger binary", build),
    Stage::ordinary("test", "cargo test --workspace, with 20 kills", test),
    Stage::ordinary("demo", "claviger demo: data key pairs over TLS", demo),
    Stage::ordinary("conformance", "official Python SDKs and OpenSSL against the server", python),
    Stage::ordinary("conformance-go", "official Go SDKs against the server", go).parallel_to("test"),
    Stage::ordinary("conformance-java", "official Java SDKs against the server", java).parallel_to("test"),
    Stage::ordinary("exchange", "each language decrypts what the others encrypted", exchange),
    Stage::ordinary("docs", "the commands of README and docs, on a fresh instance", docs_commands)
        .parallel_to("exchange"),
    Stage::ordinary("readers", "which library reads which key pair, compared with docs", readers)
        .parallel_to("exchange"),
    Stage::slow("kill", "200 kills at random moments", kill),
    Stage::slow("properties", "property tests with 20 times the cases", properties),
    Stage::slow("fuzz", "each decoder under libFuzzer for a minute", fuzz),
    Stage::slow("keys", "113,000 RSA pairs checked with other libraries", keys),
    Stage::slow("sanitizer", "unsafe code under AddressSanitizer", sanitizer),
    Stage::slow("ignored", "tests marked #[ignore]", ignored),
];

/// An integration test of the binary; cargo builds the binary with it.
const BINARY_TEST: &str = "commands";

/// The options of `cargo xtask test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    slow: bool,
    only: Vec<String>,
}

impl Options {
    /// # Errors
    /// An unknown option, or a stage that does not exist.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--slow" => options.slow = true,
                "--only" => match words.next() {
                    Some(name) if STAGES.iter().any(|stage| stage.name == *name) => {
                        options.only.push(String::from(*name));
                    }
                    Some(name) => return Err(format!("no stage is named {name}; see `cargo xtask list`")),
                    None => return Err(String::from("--only needs the name of a stage; see `cargo xtask list`")),
                },
                other => return Err(format!("unknown option {other}")),
            }
        }
        Ok(options)
    }

    /// A stage named with `--only` runs whether it is slow or not.
    fn wants(&self, stage: &Stage) -> bool {
        if self.only.is_empty() { self.slow || !stage.slow } else { self.only.iter().any(|name| name == stage.name) }
    }
}

/// Runs all wanted stages, even after a failure, and prints the summary.
pub(crate) fn run(root: &Path, options: &Options) -> ExitCode {
    let wanted: Vec<&Stage> = STAGES.iter().filter(|stage| options.wants(stage)).collect();
    let mut report = Report::default();
    let mut started: Vec<(&str, Result<ParallelStage, String>)> = Vec::new();
    for (done, stage) in wanted.iter().enumerate() {
        let number = format!("[{}/{}] {}", done + 1, wanted.len(), stage.name);
        println!("\n{number}: {}", stage.about);
        let in_parallel = started.iter().position(|(name, _)| *name == stage.name).map(|at| started.swap_remove(at).1);
        let (took, outcome) = match in_parallel {
            Some(stage) => wait(stage),
            None => {
                started.extend(start_parallel(root, options, &wanted, stage.name));
                let start = Instant::now();
                let outcome = (stage.run)(root, options.slow);
                (start.elapsed(), outcome)
            }
        };
        match &outcome {
            Outcome::Passed => println!("{number}: passed"),
            Outcome::Failed(why) => println!("{number}: failed: {why}"),
            Outcome::Skipped(why) => println!("{number}: skipped: {why}"),
        }
        report.add(stage.name, took, outcome);
    }
    print!("\n{report}");
    report.exit_code()
}

/// Starts the stages that run in parallel with the stage `name`.
fn start_parallel<'a>(
    root: &Path,
    options: &Options,
    wanted: &[&'a Stage],
    name: &str,
) -> Vec<(&'a str, Result<ParallelStage, String>)> {
    let folder = target_directory(root).join("parallel-stages");
    let options: &[&str] = if options.slow { &["--slow"] } else { &[] };
    let parallel = wanted.iter().filter(|stage| stage.parallel_to == Some(name));
    parallel.map(|stage| (stage.name, ParallelStage::start(&folder, stage.name, options))).collect()
}

/// Waits for a stage that runs in parallel, and prints its output.
fn wait(stage: Result<ParallelStage, String>) -> (Duration, Outcome) {
    match stage.and_then(ParallelStage::wait) {
        Ok(result) => {
            println!("  ran in parallel with other stages; its output:\n{}", result.output);
            (result.took, result.outcome)
        }
        Err(why) => (Duration::ZERO, Outcome::Failed(why)),
    }
}

/// Prints the stages.
pub(crate) fn list() {
    for stage in &STAGES {
        println!("{:<16} {}{}", stage.name, stage.about, if stage.slow { " (only with --slow or --only)" } else { "" });
    }
}

/// Ensures that `cargo SUBCOMMAND` exists, if necessary with rustup.
fn ensure_component(root: &Path, subcommand: &str, component: &str) -> Result<(), String> {
    let exists = || command::succeeds(cargo(root).args([subcommand, "--version"]));
    if exists() {
        return Ok(());
    }
    let attempt = run_command(Command::new("rustup").args(["component", "add", component]));
    match attempt {
        Ok(()) if exists() => Ok(()),
        Ok(()) => Err(format!("{component} was installed but `cargo {subcommand}` still does not run")),
        Err(error) => Err(format!("{component} is not installed and could not be added ({error})")),
    }
}

fn fmt(root: &Path, _slow: bool) -> Outcome {
    match ensure_component(root, "fmt", "rustfmt") {
        Ok(()) => run_command(cargo(root).args(["fmt", "--all", "--", "--check"])).into(),
        Err(missing) => Outcome::Skipped(missing),
    }
}

fn tidy(root: &Path, _slow: bool) -> Outcome {
    match tidy::findings(root) {
        Ok(findings) if findings.is_empty() => Outcome::Passed,
        Ok(findings) => {
            for finding in &findings {
                println!("  {finding}");
            }
            Outcome::Failed(format!("{} findings", findings.len()))
        }
        Err(error) => Outcome::Failed(error),
    }
}

fn clippy(root: &Path, _slow: bool) -> Outcome {
    match ensure_component(root, "clippy", "clippy") {
        Ok(()) => {
            run_command(cargo(root).args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])).into()
        }
        Err(missing) => Outcome::Skipped(missing),
    }
}

fn test(root: &Path, _slow: bool) -> Outcome {
    run_command(cargo(root).args(["test", "--workspace", "--no-fail-fast"])).into()
}

fn build(root: &Path, slow: bool) -> Outcome {
    binary(root, slow).map(drop).into()
}

fn demo(root: &Path, slow: bool) -> Outcome {
    binary(root, slow).and_then(|binary| run_command(Command::new(binary).arg("demo").current_dir(root))).into()
}

fn docs_commands(root: &Path, slow: bool) -> Outcome {
    match docs::install_tools() {
        Ok(()) => with_binary(root, slow, docs::docs),
        Err(missing) => Outcome::Skipped(missing),
    }
}

/// Builds the binary and runs a suite against it.
fn with_binary(root: &Path, slow: bool, suite: fn(&Path, &Path) -> Outcome) -> Outcome {
    binary(root, slow).map_or_else(Outcome::Failed, |binary| suite(root, &binary))
}

fn python(root: &Path, slow: bool) -> Outcome {
    with_binary(root, slow, conformance::python)
}

fn go(root: &Path, slow: bool) -> Outcome {
    with_binary(root, slow, conformance::go)
}

fn java(root: &Path, slow: bool) -> Outcome {
    with_binary(root, slow, conformance::java)
}

fn exchange(root: &Path, slow: bool) -> Outcome {
    with_binary(root, slow, conformance::exchange)
}

fn readers(root: &Path, slow: bool) -> Outcome {
    with_binary(root, slow, conformance::readers)
}

fn fuzz(root: &Path, _slow: bool) -> Outcome {
    crate::fuzz::fuzz(root)
}

fn sanitizer(root: &Path, _slow: bool) -> Outcome {
    crate::sanitizer::address(root)
}

fn kill(root: &Path, _slow: bool) -> Outcome {
    match tests_that_read(root, "CLAVIGER_KILLS") {
        Some((package, target)) => run_command(cargo(root).env("CLAVIGER_KILLS", "200").args([
            "test",
            "-p",
            &package,
            "--test",
            &target,
            "--",
            "--nocapture",
        ]))
        .into(),
        None => Outcome::Failed(String::from("no integration test reads CLAVIGER_KILLS")),
    }
}

fn properties(root: &Path, _slow: bool) -> Outcome {
    run_command(cargo(root).env("PROPTEST_CASES", "5120").args(["test", "--workspace"])).into()
}

/// `CLAVIGER_KEYS=1000/100/30` makes the stage shorter.
fn keys(root: &Path, _slow: bool) -> Outcome {
    let counts = std::env::var("CLAVIGER_KEYS").unwrap_or_else(|_unset| String::from("100000/10000/3000"));
    let test = ["test", "-p", "claviger-keygen", "--test", "keys", "--", "--nocapture"];
    run_command(cargo(root).env("CLAVIGER_KEYS", counts).args(test)).into()
}

fn ignored(root: &Path, _slow: bool) -> Outcome {
    run_command(cargo(root).args(["test", "--workspace", "--", "--ignored"])).into()
}

/// Builds the `claviger` binary and returns its path. The ordinary run uses the binary that the stage `test` builds for its
/// integration tests: a separate build would select other features of the dependencies and compile them again. The slow
/// run uses the release profile.
fn binary(root: &Path, slow: bool) -> Result<PathBuf, String> {
    let mut command = cargo(root);
    if slow {
        command.args(["build", "--release", "-p", "claviger", "--bin", "claviger"]);
    } else {
        command.args(["test", "--workspace", "--no-run", "--test", BINARY_TEST]);
    }
    run_command(&mut command)?;
    Ok(target_directory(root).join(if slow { "release" } else { "debug" }).join("claviger"))
}

/// The package and target of the integration test whose source names `variable`.
fn tests_that_read(root: &Path, variable: &str) -> Option<(String, String)> {
    let files = tidy::sources::walk(root).ok()?;
    let file = files.into_iter().find(|file| file.path.contains("/tests/") && file.text.contains(variable))?;
    let mut parts = file.path.strip_prefix("crates/")?.splitn(3, '/');
    let krate = parts.next()?;
    let target = parts.nth(1)?.split('/').next()?.trim_end_matches(".rs");
    let package = if krate == "claviger" { String::from(krate) } else { format!("claviger-{krate}") };
    Some((package, String::from(target)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_stages_run_only_on_request() {
        let names = |words: &[&str]| -> Vec<&str> {
            let options = Options::parse(words).unwrap();
            STAGES.iter().filter(|stage| options.wants(stage)).map(|stage| stage.name).collect()
        };
        assert!(!names(&[]).contains(&"kill"));
        assert!(names(&["--slow"]).contains(&"kill"));
        assert_eq!(names(&["--slow"]).len(), STAGES.len());
        assert_eq!(names(&["--only", "tidy"]), ["tidy"]);
        assert_eq!(names(&["--only", "kill", "--only", "fmt"]), ["fmt", "kill"]);
    }

    #[test]
    fn a_parallel_stage_follows_an_ordinary_one() {
        for (at, stage) in STAGES.iter().enumerate() {
            let Some(other) = stage.parallel_to else { continue };
            let partner = STAGES.iter().position(|stage| stage.name == other).unwrap();
            assert!(
                partner < at && STAGES[partner].parallel_to.is_none() && stage.slow == STAGES[partner].slow,
                "{other}"
            );
        }
    }

    #[test]
    fn bad_options_are_refused() {
        for words in [&["--only"][..], &["--only", "nothing"], &["--fast"], &["tidy"]] {
            assert!(Options::parse(words).is_err(), "{words:?}");
        }
    }
}
