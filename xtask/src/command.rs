//! Runs other programs: prints the command first, passes its output through, and reports failure in one sentence.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The `cargo` that started this program.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Runs `command` with its output passed through.
///
/// # Errors
/// The program cannot be started, or ends with a status other than 0.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let words = command_line(command);
    println!("  $ {words}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{words}` ended with {status}")),
        Err(error) => Err(format!("`{words}` could not be started: {error}")),
    }
}

/// Runs `command` and returns its standard output; its standard error is passed through.
///
/// # Errors
/// The program cannot be started, ends with a status other than 0, or its output is not UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let words = command_line(command);
    println!("  $ {words}");
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`{words}` could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{words}` ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("the output of `{words}` is not UTF-8: {error}"))
}

/// Whether `command` succeeds; its output is discarded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The target triple of this machine, as reported by the compiler.
pub(crate) fn host() -> Result<String, String> {
    let output = Command::new("rustc").arg("-vV").output().map_err(|error| format!("rustc: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(String::from)
        .ok_or_else(|| String::from("`rustc -vV` names no host"))
}

/// The path of `program` on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Installs Debian packages. Requires root and apt.
///
/// # Errors
/// The user is not root, there is no apt, or apt fails.
pub(crate) fn apt_install(packages: &[&str]) -> Result<(), String> {
    if find("apt-get").is_none() {
        return Err(String::from("there is no apt-get here"));
    }
    if !is_root() {
        return Err(String::from("only root may install packages"));
    }
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(["install", "-y", "-qq"]).args(packages))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// `command` as a command line, for messages.
pub(crate) fn command_line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Cargo's target directory.
pub(crate) fn target_directory(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_and_a_missing_program_are_errors() {
        assert!(run(&mut Command::new("true")).is_ok());
        assert!(run(&mut Command::new("false")).unwrap_err().contains("exit status: 1"));
        assert!(run(&mut Command::new("no-such-program-here")).unwrap_err().contains("could not be started"));
        assert!(!succeeds(&mut Command::new("false")));
        assert_eq!(output(Command::new("echo").arg("said")).unwrap(), "said\n");
        assert!(output(&mut Command::new("false")).unwrap_err().contains("exit status: 1"));
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("true").is_some());
        assert_eq!(find("no-such-program-here"), None);
    }
}
