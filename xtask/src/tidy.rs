//! The project's lint checks, for rules that no compiler checks: `cargo xtask tidy`, also run by `cargo test -p xtask`.
//!
//! Every finding contains the place, what is wrong, and what to do instead.

mod citations;
mod code;
mod cycles;
mod finding;
mod graph;
mod heads;
mod layers;
mod links;
mod lock;
mod markdown;
mod names;
mod secrets;
pub(crate) mod sources;
mod text;

use std::path::Path;
use std::process::ExitCode;

use self::finding::Finding;
use self::sources::Source;

/// The rules whose findings are counted in the output, with the text for each.
const COUNTED: [(&str, &str); 4] = [
    ("layers", "circles between crates"),
    ("file-cycle", "circles inside crates"),
    ("length", "files over 400 lines"),
    (citations::RULE, "citations unresolved"),
];

/// Files that may break a rule, each with its reason. Keep the list short.
const EXCEPTIONS: [Exception; 0] = [];

/// Permits one file to break one rule.
struct Exception {
    path: &'static str,
    rule: &'static str,
    reason: &'static str,
}

/// The checks of a single file.
const CHECKS: [fn(&Source) -> Vec<Finding>; 10] = [
    heads::check,
    names::check_length,
    names::check_file,
    names::check_types,
    text::check_ascii,
    text::check_todos,
    code::check_unsafe,
    code::check_idle_matches,
    code::check_commits,
    secrets::check,
];

/// All findings under `root`.
///
/// # Errors
/// A file cannot be read, or a manifest cannot be parsed.
pub(crate) fn findings(root: &Path) -> Result<Vec<Finding>, String> {
    let texts = sources::walk(root)?;
    let sources: Vec<&Source> = texts.iter().filter(|text| text.is_source()).collect();
    if sources.is_empty() {
        return Err(format!("no source files under {}", root.display()));
    }
    let mut all: Vec<Finding> =
        sources.iter().flat_map(|source| CHECKS.iter().flat_map(|check| check(source))).collect();
    all.extend(layers::check(root, &texts)?);
    all.extend(cycles::check(&texts)?);
    all.extend(citations::check(&texts));
    all.extend(links::check(root, &texts));
    all.extend(lock::check(root)?);
    all.extend(graph::check(root)?);
    all.retain(|finding| !EXCEPTIONS.iter().any(|one| one.path == finding.path && one.rule == finding.rule));
    for one in
        EXCEPTIONS.iter().filter(|one| one.reason.is_empty() || !sources.iter().any(|file| file.path == one.path))
    {
        all.push(Finding {
            path: String::from(one.path),
            line: 1,
            rule: "exceptions",
            advice: String::from("this exception has no reason or no file: remove it from xtask/src/tidy.rs"),
        });
    }
    Ok(all)
}

/// Prints the findings and their number for each counted rule; fails if there are any.
pub(crate) fn print(root: &Path) -> ExitCode {
    match findings(root) {
        Ok(findings) => {
            for finding in &findings {
                println!("{finding}");
            }
            for (rule, what) in COUNTED {
                println!("{what} {}", findings.iter().filter(|finding| finding.rule == rule).count());
            }
            println!("findings in all {}", findings.len());
            if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let findings: Vec<String> = findings(root).unwrap().iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }

    #[test]
    fn an_empty_tree_is_an_error() {
        assert!(findings(Path::new("/nowhere-at-all")).is_err());
    }
}
