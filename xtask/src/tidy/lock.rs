//! Checks that `Cargo.lock` contains only one version of the crypto library.

use std::path::Path;

use super::finding::Finding;
use super::sources::Source;

/// The version requirement is a range, so that a security fix needs no edit. With two versions, the arithmetic of keygen and
/// everything else would run on different builds.
const CRYPTO_LIBRARY: &str = "aws-lc-sys";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let path = root.join("Cargo.lock");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(check_text(&text))
}

fn check_text(text: &str) -> Vec<Finding> {
    let name = format!("name = \"{CRYPTO_LIBRARY}\"");
    let lines: Vec<usize> = text.lines().enumerate().filter(|(_, line)| *line == name).map(|(at, _)| at + 1).collect();
    let source = Source::new("Cargo.lock", text);
    let advice = "only one version of the crypto library is permitted: run `cargo update -p aws-lc-rs -p aws-lc-sys` until both agree";
    lines.into_iter().skip(1).map(|line| Finding::new(&source, line, "one-crypto-library", advice)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_version_is_found() {
        let one = "[[package]]\nname = \"aws-lc-sys\"\nversion = \"0.47.0\"\n";
        assert!(check_text(one).is_empty());
        assert_eq!(check_text(&one.repeat(2)).len(), 1);
    }
}
