//! Checks of code: `unsafe` only in permitted files, no unused result of `matches!`, and commits only through the service.

use super::finding::Finding;
use super::sources::Source;

/// The kernels of `primes`, the locked pages and system calls of `keygen`, the calls of both into AWS-LC, and one call to the
/// allocator of the C library.
const UNSAFE_ALLOWED: [&str; 3] = ["crates/primes/", "crates/keygen/", "crates/claviger/src/heap.rs"];

/// The files of `service` that may commit directly: the one that contains `Service::commit`, and those that write uncached data or
/// run without a service.
const COMMITS_ALLOWED: [&str; 6] =
    ["commit.rs", "bootstrap.rs", "access_keys.rs", "iv_ledger.rs", "trusted_clock.rs", "caches/tests.rs"];

pub(super) fn check_unsafe(source: &Source) -> Vec<Finding> {
    if UNSAFE_ALLOWED.iter().any(|prefix| source.path.starts_with(prefix)) {
        return Vec::new();
    }
    source
        .words()
        .filter(|(_, word)| *word == "unsafe")
        .map(|(line, _)| {
            Finding::new(
                source,
                line,
                "unsafe",
                "only crates/primes and crates/keygen may contain unsafe code: use a safe function",
            )
        })
        .collect()
}

/// Finds statements that consist only of `matches!` and so discard its result.
pub(super) fn check_idle_matches(source: &Source) -> Vec<Finding> {
    const NAME: &str = "matches!(";
    source
        .code
        .match_indices(NAME)
        .filter(|(at, _)| {
            let before = source.code.get(..*at).unwrap_or_default().trim_end();
            let after = source.code.get(at + NAME.len()..).unwrap_or_default();
            (before.is_empty() || before.ends_with([';', '{', '}'])) && after_closing(after).starts_with(';')
        })
        .map(|(at, _)| {
            let line = source.code.get(..at).unwrap_or_default().matches('\n').count() + 1;
            Finding::new(source, line, "idle-matches", "the result is discarded: write `assert!(matches!(...))`")
        })
        .collect()
}

/// An operation that commits without the service would leave outdated caches.
pub(super) fn check_commits(source: &Source) -> Vec<Finding> {
    const ADVICE: &str = "use Service::commit or Service::commit_unaudited, which bring the caches up to date";
    let is_checked =
        source.path.strip_prefix("crates/service/src/").is_some_and(|file| !COMMITS_ALLOWED.contains(&file));
    if !is_checked {
        return Vec::new();
    }
    let lines = source.words().filter(|(_, word)| *word == "Audit").map(|(line, _)| line);
    lines.map(|line| Finding::new(source, line, "commit", ADVICE)).collect()
}

/// The text after the parenthesis that closes an already open one.
fn after_closing(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(at + 1..).unwrap_or_default().trim_start();
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_code_is_found_outside_the_permitted_files() {
        let text = "fn f() { unsafe { g() } }";
        assert_eq!(check_unsafe(&Source::new("crates/base/src/lib.rs", text)).len(), 1);
        for name in ["keygen", "primes"] {
            assert!(check_unsafe(&Source::new(&format!("crates/{name}/src/lib.rs"), text)).is_empty());
        }
        for text in ["// unsafe", "#![deny(unsafe_code)]", "let s = \"unsafe\";"] {
            assert!(check_unsafe(&Source::new("crates/base/src/lib.rs", text)).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_commit_past_the_service_is_found() {
        let text = "fn f() { change.commit(Audit::NoRecord(\"why\")) }";
        let found = |path: &str| check_commits(&Source::new(path, text)).len();
        assert_eq!(found("crates/service/src/keys/edit.rs"), 1);
        assert_eq!(found("crates/service/src/commit.rs"), 0);
        assert_eq!(found("crates/server/src/files.rs"), 0);
    }

    #[test]
    fn a_bare_matches_is_found() {
        for text in ["fn t() { matches!(x, Some(_)); }", "a();\n  matches!(f(x), Err(E { .. }));"] {
            assert_eq!(check_idle_matches(&Source::new("a.rs", text)).len(), 1, "{text}");
        }
        for text in [
            "fn t() -> bool { matches!(x, Some(_)) }",
            "assert!(matches!(x, Some(_)));",
            "let a = matches!(x, Some(_));",
            "return matches!(x, 1);",
        ] {
            assert!(check_idle_matches(&Source::new("a.rs", text)).is_empty(), "{text}");
        }
    }
}
