//! Commands of the test runners of other languages, or an error that says what is missing.

use std::path::Path;
use std::process::Command;

use crate::command::{self, target_directory};
use crate::python;

/// `pytest` in a Python suite, ready for further arguments.
pub(super) fn pytest(root: &Path, suite: &str, binary: &Path) -> Result<Command, python::ToolError> {
    let mut python = python::prepared(root, suite)?;
    python.env("CLAVIGER_BIN", binary).args(["-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider"]);
    Ok(python)
}

/// `go test` in the Go suite, ready for packages.
///
/// # Errors
/// What is missing, and how to install it.
pub(super) fn go_test(root: &Path, binary: &Path) -> Result<Command, String> {
    let mut go = go_tool(root)?;
    go.env("CLAVIGER_BIN", binary);
    // No cached results: the server under test may have changed. The long timeout is for loaded machines.
    go.args(["test", "-count=1", "-timeout=30m"]);
    Ok(go)
}

/// `go` in the Go suite, ready for a subcommand.
///
/// # Errors
/// What is missing, and how to install it.
pub(super) fn go_tool(root: &Path) -> Result<Command, String> {
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
/// What is missing, and how to install it.
pub(super) fn maven_test(root: &Path, binary: &Path) -> Result<Command, String> {
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
/// What is missing, and how to install it.
pub(super) fn java_tool(root: &Path, program: &str) -> Result<Command, String> {
    if command::find(program).is_none() {
        return Err(format!("{program} is not installed; install a JDK 17 or newer and Maven and run again"));
    }
    let mut java = Command::new(program);
    java.current_dir(root.join("conformance/java"));
    Ok(java)
}
