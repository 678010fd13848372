//! Checks that no shipped program depends, even indirectly, on libraries for the benchmarks only.

use std::path::Path;
use std::process::Command;

use super::finding::Finding;
use super::sources::Source;

/// The crate that compares this project with other libraries.
const BENCH_CRATE: &str = "claviger-bench";
/// A crypto library besides AWS-LC would be a second one to trust and to patch.
const FORBIDDEN: [&str; 1] = ["ring"];

/// # Errors
/// `cargo tree` fails.
pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["tree", "--workspace", "--exclude", BENCH_CRATE, "--edges", "normal,build", "--prefix", "none"]);
    let output = cargo.current_dir(root).output().map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(check_text(&String::from_utf8_lossy(&output.stdout)))
}

/// A line of `tree` is a package: `NAME vVERSION`.
fn check_text(tree: &str) -> Vec<Finding> {
    let is_there = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    let lock = Source::new("Cargo.lock", "");
    let found = FORBIDDEN.into_iter().filter(|name| is_there(name));
    found
        .map(|name| {
            let advice = format!(
                "only {BENCH_CRATE} may depend on {name}; `cargo tree --workspace --exclude {BENCH_CRATE} -i {name}` shows what depends on it"
            );
            Finding::new(&lock, 1, "kept-out", advice)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_library_is_found() {
        assert!(check_text("claviger v0.1.0 (/somewhere/ring)\nring-like v1.0.0\nstring v0.1.0\n").is_empty());
        let found = check_text("claviger v0.1.0\nrustls v0.23.0\nring v0.17.14\nring v0.17.14 (*)\n");
        assert_eq!(found.len(), 1);
    }
}
