//! Checks that every Rust file starts with a `//!` comment about its content and its invariants.

use super::finding::Finding;
use super::sources::Source;

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let head = source.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if head.starts_with("//! ") && head.trim().len() > 10 {
        return Vec::new();
    }
    vec![Finding::new(source, 1, "head", "start the file with `//!`: its content, its invariants, its standard")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_needs_a_head_comment() {
        assert!(check(&Source::new("a.rs", "//! What lives here.\n")).is_empty());
        assert!(check(&Source::new("a.py", "import os\n")).is_empty());
        for text in ["use std::fs;\n//! Too late.\n", "", "//!\n", "// Not a head at all.\n"] {
            assert_eq!(check(&Source::new("a.rs", text)).len(), 1, "{text}");
        }
    }
}
