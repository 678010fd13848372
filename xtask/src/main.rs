//! The project's own chores: `cargo xtask test` runs everything, `cargo xtask tidy` checks the house rules.
//!
//! Rule kept: no shell, few dependencies, every command printed before it runs, so that a stranger can run it by hand.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks on its standard streams")]

mod bench;
mod beside;
mod command;
mod conformance;
mod docs;
mod fuzz;
mod profile;
mod python;
mod report;
mod sanitizer;
mod stages;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::stages::Options;

const USAGE: &str = "\
usage: cargo xtask test [--slow] [--only NAME]...   run every check (or only those named); --slow adds the long ones
       cargo xtask bench keygen [--quick] [--json] [--only SPEC]
                                                    measure key generation beside other libraries
       cargo xtask bench profile                    show where a request's time goes, with perf
       cargo xtask tidy                             check the house rules of the sources
       cargo xtask list                             list the stages of `test`";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let root = repository_root();
    match words.as_slice() {
        ["test", options @ ..] => match Options::parse(options) {
            Ok(options) => stages::run(&root, &options),
            Err(complaint) => refuse(&complaint),
        },
        ["bench", "keygen", options @ ..] => bench::keygen(&root, options),
        ["bench", "profile"] => profile::run(&root),
        ["bench", ..] => refuse("a benchmark must be named: keygen, profile"),
        ["tidy"] => tidy::print(&root),
        ["list"] => {
            stages::list();
            ExitCode::SUCCESS
        }
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        [] => refuse("no task named"),
        [other, ..] => refuse(&format!("unknown task or surplus argument at: {other}")),
    }
}

fn refuse(complaint: &str) -> ExitCode {
    eprintln!("{complaint}\n{USAGE}");
    ExitCode::from(2)
}

/// The directory above this crate: where the workspace's `Cargo.toml` is.
fn repository_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
