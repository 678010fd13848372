//! The stage `readers`: compares which library reads which data key pair in which encoding with the table of
//! `docs/formats/key-pairs.md`.
//!
//! A server generates pairs of every spec. The reader program of each library prints what it could read and use, in the
//! format that `runs` parses. `target/conformance-readers/lines.txt` contains all lines, with the reason of each failure.
//!
//! Every cell of the table is the result of a run. A library that is not installed does not change its column.

mod openssl;
mod pairs;
mod runs;
mod table;
mod version;

use std::fs;
use std::path::Path;
use std::process::Command;

use self::runs::Run;
use self::table::{Differences, Tables};
use super::toolchains::{go_tool, java_tool};
use crate::command::target_directory;
use crate::command::{self, cargo};
use crate::python::{self, ToolError};
use crate::report::Outcome;

const PAGE: &str = "docs/formats/key-pairs.md";

/// Returns the lines of one reader program, given the root of the repository and the folder with the pairs.
type Reader = fn(&Path, &Path) -> Result<String, ToolError>;

/// `cryptography` runs twice: the newest version, and the one that the official SDKs support.
const READERS: [Reader; 6] = [rust, openssl::lines, old_python, new_python, go, java];

pub(crate) fn readers(root: &Path, binary: &Path) -> Outcome {
    read_and_compare(root, binary).into()
}

fn read_and_compare(root: &Path, binary: &Path) -> Result<(), String> {
    let folder = target_directory(root).join("conformance-readers");
    let pairs = pairs::make(binary, &folder)?;
    let mut lines = String::new();
    let mut found = Vec::new();
    for reader in READERS {
        match reader(root, &pairs) {
            Ok(output) => {
                found.extend(runs::parse(&output)?);
                lines.push_str(&output);
            }
            Err(ToolError::Missing(what)) => println!("  a reader is left out: {what}"),
            Err(ToolError::Failed(what)) => return Err(what),
        }
    }
    let path = folder.join("lines.txt");
    fs::write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    found.iter().for_each(|run| println!("  read by {run}"));
    let page = fs::read_to_string(root.join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    compare(&page, &found)
}

fn compare(page: &str, found: &[Run]) -> Result<(), String> {
    let mut tables = Tables::parse(page);
    let is_formatted = page.contains(&tables.to_string());
    let Differences { faults, unlisted } = tables.correct(found);
    for difference in faults.iter().chain(&unlisted) {
        println!("  {difference}");
    }
    if faults.is_empty() && unlisted.is_empty() && is_formatted {
        return Ok(());
    }
    println!("\nThe tables of {PAGE} after this run (`from` is the first version that was seen):\n");
    println!("{tables}");
    if !faults.is_empty() {
        return Err(format!("{PAGE} differs from the results in {} places: see above", faults.len()));
    }
    if !is_formatted {
        return Err(format!("the tables of {PAGE} are formatted differently: replace them with those above"));
    }
    println!("  {PAGE} does not list these versions yet: you can replace its tables with those above");
    Ok(())
}

/// The Rust libraries. Built together with an integration test, so that cargo reuses the artifacts of the stage `test`.
fn rust(root: &Path, pairs: &Path) -> Result<String, ToolError> {
    command::run(cargo(root).args(["test", "--workspace", "--no-run", "--test", "read_pairs"]))
        .and_then(|()| command::output(Command::new(target_directory(root).join("debug/read_pairs")).arg(pairs)))
        .map_err(ToolError::Failed)
}

fn old_python(root: &Path, pairs: &Path) -> Result<String, ToolError> {
    cryptography(root, "python", pairs)
}

fn new_python(root: &Path, pairs: &Path) -> Result<String, ToolError> {
    cryptography(root, "python-readers", pairs)
}

/// `cryptography` as a Python suite pins it.
fn cryptography(root: &Path, suite: &str, pairs: &Path) -> Result<String, ToolError> {
    let mut python = python::prepared(root, suite)?;
    python.arg(root.join("conformance/python-readers/read_pairs.py")).arg(pairs);
    command::output(&mut python).map_err(ToolError::Failed)
}

fn go(root: &Path, pairs: &Path) -> Result<String, ToolError> {
    let mut go = go_tool(root).map_err(ToolError::Missing)?;
    command::output(go.args(["run", "./readers"]).arg(pairs)).map_err(ToolError::Failed)
}

fn java(root: &Path, pairs: &Path) -> Result<String, ToolError> {
    let mut java = java_tool(root, "java").map_err(ToolError::Missing)?;
    command::output(java.arg("readers/ReadPairs.java").arg(pairs)).map_err(ToolError::Failed)
}
