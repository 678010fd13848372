//! The suites of `conformance/`: official SDKs of other languages, each with the toolchain that is there.
//!
//! Rule kept: a language whose toolchain is missing is skipped in plain words; dependencies are fetched by the language's own
//! client, at the versions that the suite pins.

mod exchange;
mod readers;
mod server;

use std::path::Path;
use std::process::Command;

pub(crate) use exchange::exchange;
pub(crate) use readers::readers;

use crate::command::{self, run};
use crate::python;
use crate::report::Outcome;
use crate::stages::target_directory;

/// The Python suites, one after the other.
pub(crate) fn python(root: &Path, binary: &Path) -> Outcome {
    if command::find("openssl").is_none()
        && let Err(error) = command::apt_install(&["openssl"])
    {
        println!("  the OpenSSL command line is missing ({error}); its tests will say that they were skipped");
    }
    let mut wrong = Vec::new();
    for suite in ["python", "python-transfer"] {
        match pytest(root, suite, binary) {
            Ok(mut pytest) => wrong.extend(run(&mut pytest).err()),
            Err(python::Trouble::Missing(what)) => return Outcome::Skipped(what),
            Err(python::Trouble::Broken(what)) => wrong.push(what),
        }
    }
    if wrong.is_empty() { Outcome::Passed } else { Outcome::Failed(wrong.join("; ")) }
}

/// The Go suite.
pub(crate) fn go(root: &Path, binary: &Path) -> Outcome {
    match go_test(root, binary) {
        Ok(mut go) => run(go.arg(".")).into(),
        Err(missing) => Outcome::Skipped(missing),
    }
}

/// The Java suite.
pub(crate) fn java(root: &Path, binary: &Path) -> Outcome {
    match maven_test(root, binary) {
        Ok(mut maven) => run(&mut maven).into(),
        Err(missing) => Outcome::Skipped(missing),
    }
}

/// `pytest` in a Python suite, ready for further arguments.
fn pytest(root: &Path, suite: &str, binary: &Path) -> Result<Command, python::Trouble> {
    let mut python = python::prepared(root, suite)?;
    python.env("CLAVIGER_BIN", binary).args(["-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider"]);
    Ok(python)
}

/// `go test` in the Go suite, ready for packages.
///
/// # Errors
/// What is missing, and what would make it run.
fn go_test(root: &Path, binary: &Path) -> Result<Command, String> {
    let mut go = go_tool(root)?;
    go.env("CLAVIGER_BIN", binary);
    // What was found once says nothing about another server; and a loaded machine is slow.
    go.args(["test", "-count=1", "-timeout=30m"]);
    Ok(go)
}

/// `go` in the Go suite, ready for a subcommand.
///
/// # Errors
/// What is missing, and what would make it run.
fn go_tool(root: &Path) -> Result<Command, String> {
    if command::find("go").is_none() {
        return Err(String::from("Go is not installed; install Go 1.21 or newer and run again"));
    }
    let mut go = Command::new("go");
    go.current_dir(root.join("conformance/go"));
    Ok(go)
}

/// `mvn test` in the Java suite, ready for further arguments.
///
/// # Errors
/// What is missing, and what would make it run.
fn maven_test(root: &Path, binary: &Path) -> Result<Command, String> {
    java_tool(root, "java")?;
    let mut maven = java_tool(root, "mvn")?;
    maven.env("CLAVIGER_BIN", binary);
    maven.args(["--batch-mode", "--no-transfer-progress", "-Dstyle.color=never", "test"]);
    maven.arg(format!("-Dclaviger.target={}", target_directory(root).display()));
    Ok(maven)
}

/// A program of the Java toolchain in the Java suite, ready for arguments.
///
/// # Errors
/// What is missing, and what would make it run.
fn java_tool(root: &Path, program: &str) -> Result<Command, String> {
    if command::find(program).is_none() {
        return Err(format!("{program} is not installed; install a JDK 17 or newer and Maven and run again"));
    }
    let mut java = Command::new(program);
    java.current_dir(root.join("conformance/java"));
    Ok(java)
}
