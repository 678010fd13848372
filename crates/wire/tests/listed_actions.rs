//! README.md and docs/compatibility.md list every supported action and operation, and no others.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use claviger_wire::instance::Operation;
use claviger_wire::rpc::Action;

const README: &str = "README.md";
const COMPATIBILITY: &str = "docs/compatibility.md";

/// Reads a document of the repository.
fn document(file: &str) -> io::Result<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file))
}

/// The words in the lines of `text` that `is_listed` selects.
fn words(text: &str, is_listed: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| is_listed(line));
    let words = lines.flat_map(|line| line.split(|character: char| !character.is_ascii_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a word looks like the name of an action.
fn is_action(word: &str) -> bool {
    let verbs = ["Create", "Describe", "Get", "List", "Update", "Delete", "Enable", "Disable", "Schedule", "Cancel"];
    verbs.iter().any(|verb| word.strip_prefix(verb).is_some_and(|rest| rest.starts_with(char::is_uppercase)))
}

#[test]
fn exactly_the_supported_actions_are_listed() {
    let served: BTreeSet<String> = Action::ALL.iter().map(|action| action.name().to_owned()).collect();
    for (file, beginning) in [(README, "| Control plane (RPC"), (COMPATIBILITY, "| *actions on ")] {
        let listed = words(&document(file).unwrap(), |line| line.starts_with(beginning));
        let listed: BTreeSet<String> = listed.into_iter().filter(|word| is_action(word)).collect();
        assert_eq!(listed, served, "{file}");
    }
}

#[test]
fn every_operation_is_listed() {
    let in_readme = words(&document(README).unwrap(), |line| line.starts_with("| Instance API (protobuf"));
    let in_table = words(&document(COMPATIBILITY).unwrap(), |line| line.starts_with("| "));
    for operation in Operation::ALL {
        assert!(in_readme.contains(operation.name()), "{README}: {}", operation.name());
        assert!(in_table.contains(operation.name()), "{COMPATIBILITY}: {}", operation.name());
    }
}
