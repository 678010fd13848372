//! The stage `docs`: runs every command of README and `docs/`, in order, on a fresh instance, and compares the output with
//! the documented output.
//!
//! Markup in the documents:
//! * a fenced block `console` contains commands after `$ ` and, below each, its output; `[..]` stands for any text within
//!   a line, a line `...` for any lines, a last line `[1]` for exit status 1. Without output, a command may print anything.
//! * `<!-- background -->` before such a block: the command keeps running until the next such block; the next command starts
//!   once the documented output has appeared.
//! * `<!-- file: NAME -->` before a block of another language: the block is written to that file in the working directory.
//! * `<!-- not run: REASON -->` before a block that cannot run here.
//! * `<!-- tools: NAME ... -->` anywhere in a document: programs that its commands need and that not every machine has. If one
//!   is missing, the document is skipped with a message.
//!
//! Commands in any other form are an error, so that no command is skipped by accident.

mod blocks;
mod compare;
mod session;

use std::fs;
use std::path::{Path, PathBuf};

use self::blocks::{Block, Document};
use self::session::{PID_FILE, SYSTEM_FOLDERS, Session};
use crate::command;
use crate::command::target_directory;
use crate::python::{self, ToolError};
use crate::report::Outcome;

/// Files of the repository that the commands use.
const REPOSITORY_FILES: [&str; 1] = ["docs/spec/instance.proto"];
/// Tools that are small enough to install on demand, each from a Debian package of the same name.
const INSTALLABLE: [&str; 2] = ["openssl", "sqlite3"];

/// Runs the commands of all documents.
pub(crate) fn docs(root: &Path, binary: &Path) -> Outcome {
    let interpreter = match python::prepared(root, "python") {
        Ok(python) => PathBuf::from(python.get_program()),
        Err(ToolError::Missing(what)) => return Outcome::Skipped(what),
        Err(ToolError::Failed(what)) => return Outcome::Failed(what),
    };
    let (mut failures, mut skipped) = (Vec::new(), Vec::new());
    for path in documents(root) {
        match run_document(root, &path, binary, &interpreter) {
            Ok(None) => {}
            Ok(Some(reason)) => skipped.push(reason),
            Err(error) => failures.push(error),
        }
    }
    for reason in skipped {
        println!("  skipped: {reason}");
    }
    if failures.is_empty() { Outcome::Passed } else { Outcome::Failed(failures.join("; ")) }
}

/// README and everything below `docs/`, README first.
fn documents(root: &Path) -> Vec<PathBuf> {
    let mut all = vec![root.join("README.md")];
    for folder in ["docs", "docs/formats", "docs/spec"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        found.sort();
        all.extend(found);
    }
    all
}

/// Runs the commands of one document. Returns the reason if the document was skipped.
fn run_document(root: &Path, path: &Path, binary: &Path, python: &Path) -> Result<Option<String>, String> {
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let document = Document::parse(&text).map_err(|error| format!("{name}:{error}"))?;
    for (line, reason) in document.not_run() {
        println!("  {name}:{line}: not run: {reason}");
    }
    if !document.has_commands() {
        return Ok(None);
    }
    if let Err(missing) = install_missing(&document.tools) {
        return Ok(Some(format!("{name} was not run: {missing}")));
    }
    let folder = target_directory(root).join("docs").join(name.replace(['/', '.'], "-"));
    let prepared = working_folder(&folder, root, binary, python);
    prepared.map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut session =
        Session::start(&folder.join("work"), &folder.join("bin")).map_err(|error| format!("{name}: {error}"))?;
    let result = document.blocks.iter().try_for_each(|block| run_block(&mut session, block, &name));
    // Even after a failure: the commands of the next document need the same ports.
    let ended = session.end().map_err(|error| format!("{name}: {error}"));
    result.and(ended).map(|()| None)
}

/// Installs those of the programs `tools` that are missing.
///
/// # Errors
/// The first one that cannot be installed.
fn install_missing(tools: &[String]) -> Result<(), String> {
    for tool in tools.iter().filter(|tool| command::find(tool).is_none()) {
        if !INSTALLABLE.contains(&tool.as_str()) {
            return Err(format!("{tool} is not installed"));
        }
        command::apt_install(&[tool]).map_err(|error| format!("{tool} is not installed ({error})"))?;
    }
    Ok(())
}

fn run_block(session: &mut Session, block: &Block, name: &str) -> Result<(), String> {
    match block {
        Block::File { name: file, text } => session.write(file, text),
        Block::NotRun { .. } => Ok(()),
        Block::Commands { steps, is_background } => steps.iter().try_for_each(|step| {
            println!("  {name}:{}: $ {}", step.line, step.command);
            let run = if *is_background { session.run_in_background(step) } else { session.run(step) };
            run.map_err(|error| format!("{name}:{}: {error}", step.line))
        }),
    }
}

/// Creates a working directory that contains only [`REPOSITORY_FILES`], and a directory of programs that precede all others
/// on the search path: this build of `claviger`, a `cargo` whose `run --release --` runs this build, and the Python with the
/// official SDK.
fn working_folder(folder: &Path, root: &Path, binary: &Path, python: &Path) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let (work, bin) = (folder.join("work"), folder.join("bin"));
    fs::create_dir_all(&work)?;
    fs::create_dir_all(&bin)?;
    for system in SYSTEM_FOLDERS {
        fs::create_dir_all(work.join(system.trim_start_matches('/')))?;
    }
    for file in REPOSITORY_FILES {
        let copy = work.join(file);
        copy.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(root.join(file), copy)?;
    }
    let binary = fs::canonicalize(binary)?;
    std::os::unix::fs::symlink(&binary, bin.join("claviger"))?;
    // There is no service here: `systemctl stop` stops the command in the background.
    let stop = format!(
        "[ \"$*\" = \"stop claviger\" ] || exit 64\nread -r pid < {PID_FILE}\nkill $pid\nwhile kill -0 $pid 2> /dev/null; do sleep 0.05; done"
    );
    script(&bin.join("systemctl"), &stop)?;
    script(&bin.join("cargo"), "[ \"$1 $2 $3\" = \"run --release --\" ] || exit 64\nshift 3\nexec claviger \"$@\"")?;
    let python = std::path::absolute(python)?;
    script(&bin.join("python3"), &format!("exec {} \"$@\"", python.display()))?;
    script(&bin.join("pip"), &format!("exec {} -m pip \"$@\"", python.display()))
}

fn script(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, format!("#!/bin/sh\n{text}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Installs what the commands need in addition to Python.
pub(crate) fn install_tools() -> Result<(), String> {
    let missing: Vec<&str> = ["bash", "curl"].into_iter().filter(|tool| command::find(tool).is_none()).collect();
    if missing.is_empty() { Ok(()) } else { command::apt_install(&missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_parses() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let all = documents(root);
        assert!(all.iter().any(|path| path.ends_with("docs/spec/rpc-api.md")));
        for path in all {
            Document::parse(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}:{error}"));
        }
    }

    #[test]
    fn a_missing_tool_is_named() {
        let names = |names: &[&str]| names.iter().map(|name| String::from(*name)).collect::<Vec<_>>();
        assert_eq!(install_missing(&names(&["true"])), Ok(()));
        let missing = install_missing(&names(&["true", "no-such-tool"])).unwrap_err();
        assert!(missing.contains("no-such-tool"), "{missing}");
    }
}
