//! What one language seals, the others open: one server for all, each language leaves letters, then each opens those of all.
//!
//! The form of a letter: `conformance/README.md`.

use std::path::Path;
use std::process::Command;

use super::server::Server;
use super::toolchains::{go_test, maven_test, pytest};
use crate::command::run;
use crate::command::target_directory;
use crate::python;
use crate::report::Outcome;

/// What a language does in the exchange.
#[derive(Clone, Copy)]
enum Step {
    Seal,
    Open,
}

/// One language: its name, and its command for a step. An error says what is missing.
struct Language {
    name: &'static str,
    command: fn(&Path, &Path, Step) -> Result<Command, String>,
}

const LANGUAGES: [Language; 3] = [
    Language { name: "python", command: python },
    Language { name: "go", command: go },
    Language { name: "java", command: java },
];

/// Runs it with every language whose toolchain is there.
pub(crate) fn exchange(root: &Path, binary: &Path) -> Outcome {
    let mut present = Vec::new();
    let mut missing = Vec::new();
    for language in LANGUAGES {
        match (language.command)(root, binary, Step::Seal) {
            Ok(_) => present.push(language),
            Err(reason) => missing.push(reason),
        }
    }
    for reason in &missing {
        println!("  without one of the languages: {reason}");
    }
    if present.len() < 2 {
        return Outcome::Skipped(format!("it takes two languages: {}", missing.join("; ")));
    }
    let folder = target_directory(root).join("conformance-exchange");
    Server::start(binary, &folder, &[])
        .and_then(|server| between(&present, root, binary, &folder, server.endpoint()))
        .into()
}

fn between(languages: &[Language], root: &Path, binary: &Path, folder: &Path, endpoint: &str) -> Result<(), String> {
    let names: Vec<&str> = languages.iter().map(|language| language.name).collect();
    for step in [Step::Seal, Step::Open] {
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
    let mut command = pytest(root, "python-transfer", binary).map_err(|trouble| match trouble {
        python::Trouble::Missing(what) | python::Trouble::Broken(what) => what,
    })?;
    command.arg(match step {
        Step::Seal => "exchange.py::test_seal",
        Step::Open => "exchange.py::test_open",
    });
    Ok(command)
}

fn go(root: &Path, binary: &Path, step: Step) -> Result<Command, String> {
    let mut command = go_test(root, binary)?;
    let test = match step {
        Step::Seal => "^TestExchangeSeal$",
        Step::Open => "^TestExchangeOpen$",
    };
    command.args(["-tags", "exchange", "-run", test, "."]);
    Ok(command)
}

fn java(root: &Path, binary: &Path, step: Step) -> Result<Command, String> {
    let mut command = maven_test(root, binary)?;
    command.args(["-DexcludedGroups=", "-Dgroups=exchange"]).arg(match step {
        Step::Seal => "-Dtest=ExchangeTest#seal",
        Step::Open => "-Dtest=ExchangeTest#open",
    });
    Ok(command)
}
