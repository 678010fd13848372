//! What no shipped program may come to contain, by whatever way: libraries that the benchmarks alone use.

use std::path::Path;
use std::process::Command;

use super::finding::Finding;
use super::sources::Source;

/// The crate that compares this project with other libraries.
const COMPARES: &str = "claviger-bench";
/// A second crypto library beside AWS-LC would be a second one to trust and to patch.
const KEPT_OUT: [&str; 1] = ["ring"];

/// # Errors
/// Cargo cannot tell the dependencies.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["tree", "--workspace", "--exclude", COMPARES, "--edges", "normal,build", "--prefix", "none"]);
    let said = cargo.current_dir(root).output().map_err(|error| format!("cargo tree: {error}"))?;
    if !said.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&said.stderr)));
    }
    Ok(check_text(&String::from_utf8_lossy(&said.stdout)))
}

/// A line of `tree` is a package: `NAME vVERSION`.
fn check_text(tree: &str) -> Vec<Finding> {
    let is_there = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    let lock = Source::new("Cargo.lock", "");
    let found = KEPT_OUT.into_iter().filter(|name| is_there(name));
    found
        .map(|name| {
            let advice = format!(
                "{name} belongs to {COMPARES} alone; `cargo tree --workspace --exclude {COMPARES} -i {name}` shows who brings it"
            );
            Finding::new(&lock, 1, "kept-out", advice)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_out_is_found_wherever_it_stands() {
        assert!(check_text("claviger v0.1.0 (/somewhere/ring)\nring-like v1.0.0\nstring v0.1.0\n").is_empty());
        let found = check_text("claviger v0.1.0\nrustls v0.23.0\nring v0.17.14\nring v0.17.14 (*)\n");
        assert_eq!(found.len(), 1);
    }
}
