//! The stage `exchange`: against one server, each language writes ciphertexts and signatures to files; then each language
//! decrypts and verifies the files of all languages.
//!
//! The format of the files: `conformance/README.md`.

use std::path::Path;
use std::process::Command;

use super::server::Server;
use super::toolchains::{go_test, maven_test, pytest};
use crate::command::run;
use crate::command::target_directory;
use crate::python;
use crate::report::Outcome;

/// The steps of the exchange.
#[derive(Clone, Copy)]
enum Step {
    Write,
    Read,
}

/// A language, and its command for a step; the error says what is missing.
struct Language {
    name: &'static str,
    command: fn(&Path, &Path, Step) -> Result<Command, String>,
}

const LANGUAGES: [Language; 3] = [
    Language { name: "python", command: python },
    Language { name: "go", command: go },
    Language { name: "java", command: java },
];

/// Runs the exchange with every language whose toolchain is installed.
pub(crate) fn exchange(root: &Path, binary: &Path) -> Outcome {
    let mut present = Vec::new();
    let mut missing = Vec::new();
    for language in LANGUAGES {
        match (language.command)(root, binary, Step::Write) {
            Ok(_) => present.push(language),
            Err(reason) => missing.push(reason),
        }
    }
    for reason in &missing {
        println!("  a language is left out: {reason}");
    }
    if present.len() < 2 {
        return Outcome::Skipped(format!("needs at least two languages: {}", missing.join("; ")));
    }
    let folder = target_directory(root).join("conformance-exchange");
    Server::start(binary, &folder, &[])
        .and_then(|server| exchange_between(&present, root, binary, &folder, server.endpoint()))
        .into()
}

fn exchange_between(
    languages: &[Language],
    root: &Path,
    binary: &Path,
    folder: &Path,
    endpoint: &str,
) -> Result<(), String> {
    let names: Vec<&str> = languages.iter().map(|language| language.name).collect();
    for step in [Step::Write, Step::Read] {
        for language in languages {
            let mut command = (language.command)(root, binary, step)?;
            command.env("CLAVIGER_EXCHANGE", folder);
            command.env("CLAVIGER_EXCHANGE_ENDPOINT", endpoint);
            command.env("CLAVIGER_EXCHANGE_LANGUAGES", names.join(","));
            run(&mut command)?;
        }
    }
    Ok(())
}

fn python(root: &Path, binary: &Path, step: Step) -> Result<Command, String> {
    let mut command = pytest(root, "python-transfer", binary).map_err(|error| match error {
        python::ToolError::Missing(what) | python::ToolError::Failed(what) => what,
    })?;
    command.arg(match step {
        Step::Write => "exchange.py::test_write",
        Step::Read => "exchange.py::test_read",
    });
    Ok(command)
}

fn go(root: &Path, binary: &Path, step: Step) -> Result<Command, String> {
    let mut command = go_test(root, binary)?;
    let test = match step {
        Step::Write => "^TestExchangeWrite$",
        Step::Read => "^TestExchangeRead$",
    };
    command.args(["-tags", "exchange", "-run", test, "."]);
    Ok(command)
}

fn java(root: &Path, binary: &Path, step: Step) -> Result<Command, String> {
    let mut command = maven_test(root, binary)?;
    command.args(["-DexcludedGroups=", "-Dgroups=exchange"]).arg(match step {
        Step::Write => "-Dtest=ExchangeTest#write",
        Step::Read => "-Dtest=ExchangeTest#read",
    });
    Ok(command)
}
