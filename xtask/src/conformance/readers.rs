//! The stage `readers`: which library reads which data key pair in which form, compared with the table of
//! `docs/formats/key-pairs.md`.
//!
//! Pairs of every kind come from a server; each library's reader prints what it could read and use, in the lines that
//! `runs` has. All of them lie in `target/conformance-readers/lines.txt` afterwards, with the reasons of each no.
//!
//! Rule kept: a cell of the table is what a run found; a library that is not here leaves its column as it stands.

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
use crate::python::{self, Trouble};
use crate::report::Outcome;

const PAGE: &str = "docs/formats/key-pairs.md";

/// Prints the lines of the libraries that it runs, given the root of the repository and the folder with the pairs.
type Reader = fn(&Path, &Path) -> Result<String, Trouble>;

/// `cryptography` twice: the newest, and the one that the official SDKs work with.
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
            Ok(said) => {
                found.extend(runs::parse(&said)?);
                lines.push_str(&said);
            }
            Err(Trouble::Missing(what)) => println!("  without one of the readers: {what}"),
            Err(Trouble::Broken(what)) => return Err(what),
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
    let is_as_printed = page.contains(&tables.to_string());
    let Differences { faults, news } = tables.correct(found);
    for difference in faults.iter().chain(&news) {
        println!("  {difference}");
    }
    if faults.is_empty() && news.is_empty() && is_as_printed {
        return Ok(());
    }
    println!(
        "\nThe tables of {PAGE} after this run (what differs by version: from the first version that was seen):\n"
    );
    println!("{tables}");
    if !faults.is_empty() {
        return Err(format!("{PAGE} differs in {} places from what was read: see above", faults.len()));
    }
    if !is_as_printed {
        return Err(format!("the tables of {PAGE} are written otherwise than those above: put those in their place"));
    }
    println!("  {PAGE} does not know these versions yet: it may be given the tables above");
    Ok(())
}

/// The libraries of Rust. Built together with a test of it, with the features that the stage `test` has built already.
fn rust(root: &Path, pairs: &Path) -> Result<String, Trouble> {
    command::run(cargo(root).args(["test", "--workspace", "--no-run", "--test", "read_pairs"]))
        .and_then(|()| command::output(Command::new(target_directory(root).join("debug/read_pairs")).arg(pairs)))
        .map_err(Trouble::Broken)
}

fn old_python(root: &Path, pairs: &Path) -> Result<String, Trouble> {
    cryptography(root, "python", pairs)
}

fn new_python(root: &Path, pairs: &Path) -> Result<String, Trouble> {
    cryptography(root, "python-readers", pairs)
}

/// `cryptography` as a Python suite pins it.
fn cryptography(root: &Path, suite: &str, pairs: &Path) -> Result<String, Trouble> {
    let mut python = python::prepared(root, suite)?;
    python.arg(root.join("conformance/python-readers/read_pairs.py")).arg(pairs);
    command::output(&mut python).map_err(Trouble::Broken)
}

fn go(root: &Path, pairs: &Path) -> Result<String, Trouble> {
    let mut go = go_tool(root).map_err(Trouble::Missing)?;
    command::output(go.args(["run", "./readers"]).arg(pairs)).map_err(Trouble::Broken)
}

fn java(root: &Path, pairs: &Path) -> Result<String, Trouble> {
    let mut java = java_tool(root, "java").map_err(Trouble::Missing)?;
    command::output(java.arg("readers/ReadPairs.java").arg(pairs)).map_err(Trouble::Broken)
}
