//! The project's tasks: `cargo xtask test` runs all checks, `cargo xtask tidy` the project's lint checks.
//!
//! No shell and few dependencies. Every command is printed before it runs, so that a contributor can run it by hand.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool writes to its standard streams")]

mod bench;
mod command;
mod conformance;
mod docs;
mod fuzz;
mod parallel;
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
usage: cargo xtask test [--slow] [--only NAME]...   run all stages, or only those named; --slow adds the long ones
       cargo xtask bench keygen [--quick] [--json] [--only SPEC]
                                                    compare key generation with other libraries
       cargo xtask bench profile                    profile the parts of a request with perf
       cargo xtask tidy                             run the project's lint checks
       cargo xtask list                             list the stages of `test`";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let root = repository_root();
    match words.as_slice() {
        ["test", options @ ..] => match Options::parse(options) {
            Ok(options) => stages::run(&root, &options),
            Err(error) => usage_error(&error),
        },
        ["bench", "keygen", options @ ..] => bench::keygen(&root, options),
        ["bench", "profile"] => profile::run(&root),
        ["bench", ..] => usage_error("name a benchmark: keygen, profile"),
        ["tidy"] => tidy::print(&root),
        ["list"] => {
            stages::list();
            ExitCode::SUCCESS
        }
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        [] => usage_error("name a task"),
        [other, ..] => usage_error(&format!("unknown task or too many arguments: {other}")),
    }
}

fn usage_error(message: &str) -> ExitCode {
    eprintln!("{message}\n{USAGE}");
    ExitCode::from(2)
}

/// The root of the workspace.
fn repository_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
