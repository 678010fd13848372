//! Checks file lengths and names: no long files, no vague names such as `util` or `manager`.

use super::finding::Finding;
use super::sources::Source;

const LINES_MAX: usize = 400;

pub(super) fn check_length(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if lines <= LINES_MAX || source.path.ends_with(".toml") {
        return Vec::new();
    }
    vec![Finding::new(
        source,
        lines,
        "length",
        format!(
            "{lines} lines, the limit is {LINES_MAX}: split the file by subject, or add an exception with its reason"
        ),
    )]
}

fn is_vague(word: &str) -> bool {
    ["util", "helper", "common", "misc", "manager"]
        .iter()
        .any(|vague| word.strip_prefix(vague).is_some_and(|rest| rest.is_empty() || rest == "s"))
}

const ADVICE: &str = "name it after its subject instead, or move the code to where it is used";

pub(super) fn check_file(source: &Source) -> Vec<Finding> {
    let words = source.path.split(['/', '_', '-', '.']);
    words
        .filter(|word| is_vague(&word.to_ascii_lowercase()))
        .map(|_| Finding::new(source, 1, "file-name", ADVICE))
        .collect()
}

pub(super) fn check_types(source: &Source) -> Vec<Finding> {
    let words: Vec<(usize, &str)> = source.words().collect();
    words
        .windows(2)
        .filter_map(|pair| match pair {
            [(_, "struct" | "enum" | "trait" | "type" | "mod"), (line, name)] => Some((*line, *name)),
            _ => None,
        })
        .filter(|(_, name)| parts(name).iter().any(|part| is_vague(part)))
        .map(|(line, name)| Finding::new(source, line, "type-name", format!("{name}: {ADVICE}")))
        .collect()
}

/// The words of a camel or snake name, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for letter in name.chars() {
        if letter.is_uppercase() || letter == '_' {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| letter != '_') {
            last.extend(letter.to_lowercase());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        assert!(check_length(&Source::new("a.rs", &"x\n".repeat(400))).is_empty());
        assert_eq!(check_length(&Source::new("a.rs", &"x\n".repeat(401))).len(), 1);
    }

    #[test]
    fn vague_words_are_found_in_paths() {
        for path in ["crates/x/src/util.rs", "src/key_helpers.rs", "src/common/a.rs", "conformance/python/utils.py"] {
            assert_eq!(check_file(&Source::new(path, "")).len(), 1, "{path}");
        }
        for path in ["src/futile.rs", "src/commonality.rs", "src/managed.rs"] {
            assert!(check_file(&Source::new(path, "")).is_empty(), "{path}");
        }
    }

    #[test]
    fn vague_words_are_found_in_type_names() {
        for text in ["pub struct KeyManager;", "trait Helper {}", "enum\n  MiscThings {}", "mod string_utils {}"] {
            assert_eq!(check_types(&Source::new("a.rs", text)).len(), 1, "{text}");
        }
        for text in ["struct Managed;", "// struct KeyManager;", "let s = \"struct Helper\";"] {
            assert!(check_types(&Source::new("a.rs", text)).is_empty(), "{text}");
        }
    }
}
