//! Checks citations of the specifications in `docs/spec`: each must name an existing section or numbered table row.
//!
//! The form: `rpc-api` or `instance-api`, or `docs/spec/` and the file name of a page, then numbers, as in
//! `instance-api 5.3`, `instance-api 1.2 to 1.4` or `rpc-api 5 and 18.14`. Citations of other standards are not checked.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::markdown::{heading, prose};
use super::sources::Source;

/// The name of this rule.
pub(super) const RULE: &str = "citation";
const FOLDER: &str = "docs/spec/";
const PAGE: &str = ".md";
/// Pages that can be cited by name alone.
const BY_NAME: [&str; 2] = ["instance-api", "rpc-api"];

/// The numbers on each page, by the name of the page.
type Pages = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check(texts: &[Source]) -> Vec<Finding> {
    let pages: Pages =
        texts.iter().filter_map(|source| Some((page_name(&source.path)?, numbers(&source.text)))).collect();
    texts
        .iter()
        .flat_map(|source| check_sections(source, &pages).into_iter().chain(check_files(source, texts)))
        .collect()
}

fn page_name(path: &str) -> Option<String> {
    path.strip_prefix(FOLDER)?.strip_suffix(PAGE).map(String::from)
}

/// The numbers of headings (`## 5.` and `### 5.3 Title`) and of table rows (`| 10.19 |` in section 10).
fn numbers(page: &str) -> BTreeSet<String> {
    let (mut all, mut section) = (BTreeSet::new(), String::new());
    for (_, line) in prose(page) {
        if let Some(number) = heading(line).and_then(|words| number(words)) {
            number.clone_into(&mut section);
            all.insert(section.clone());
        }
        let row = line.strip_prefix("| ").and_then(|rest| rest.split(" |").next()).and_then(number);
        let of_section = |row: &&str| row.strip_prefix(section.as_str()).is_some_and(|rest| rest.starts_with('.'));
        all.extend(row.filter(of_section).map(String::from));
    }
    all
}

/// The number at the start of `text`. `5.` gives `5`; `5th` is returned as it is, and matches no section.
fn number(text: &str) -> Option<&str> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').unwrap_or(text.len());
    let number = text.get(..end)?.trim_end_matches('.');
    number.starts_with(|letter: char| letter.is_ascii_digit()).then_some(number)
}

fn check_sections(source: &Source, pages: &Pages) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, has) in pages {
        let (file, text) = (format!("{FOLDER}{name}{PAGE}"), source.text.as_str());
        let by_name = BY_NAME.contains(&name.as_str()).then_some(name.as_str());
        for cited_as in by_name.into_iter().chain([file.as_str()]) {
            for (at, _) in text.match_indices(cited_as).filter(|(at, _)| begins_word(text, *at)) {
                let after = text.get(at + cited_as.len()..).unwrap_or_default();
                let unknown = cited(after).into_iter().filter(|number| !has.contains(*number));
                findings.extend(unknown.map(|number| {
                    let advice = format!("{cited_as} {number}: {file} has no section or row with this number");
                    Finding::new(source, line_of(text, at), RULE, advice)
                }));
            }
        }
    }
    findings
}

/// The numbers directly after the name of a page: one, or several separated by `,`, `and`, `or`, `to`.
fn cited(after: &str) -> Vec<&str> {
    let mut numbers = Vec::new();
    let mut rest = gap(after).filter(|rest| rest.len() < after.len());
    while let Some((found, text)) = rest.and_then(|text| Some((number(text)?, text))) {
        numbers.push(found);
        let behind = text.get(found.len()..).unwrap_or_default();
        rest = behind.strip_prefix(',').and_then(gap).or_else(|| {
            let words = gap(behind)?;
            ["and ", "or ", "to "].iter().find_map(|word| words.strip_prefix(word))
        });
    }
    numbers
}

/// `text` without leading spaces, and without a line break and the comment markers of the next line.
fn gap(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches([' ', '\t']);
    match rest.strip_prefix('\n') {
        Some(next) => Some(next.trim_start_matches([' ', '\t', '/', '!', '*', '#'])),
        None => Some(rest),
    }
}

/// Checks that every Markdown file that a text names exists.
fn check_files(source: &Source, texts: &[Source]) -> Vec<Finding> {
    let text = source.text.as_str();
    let is_path = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
    let mut findings = Vec::new();
    for (at, _) in text.match_indices(PAGE) {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + PAGE.len()..).unwrap_or_default());
        let stem = before.rsplit(|letter: char| !is_path(letter)).next().unwrap_or_default();
        // Only the extension, part of a longer word, or a URL.
        if stem.is_empty() || stem.starts_with("//") || after.starts_with(|letter: char| letter.is_alphanumeric()) {
            continue;
        }
        let path = format!("{stem}{PAGE}");
        let path = path.trim_start_matches("../").trim_start_matches("./");
        let is_there = |other: &Source| other.path == path || other.path.ends_with(&format!("/{path}"));
        if !texts.iter().any(is_there) {
            findings.push(Finding::new(source, line_of(text, at), RULE, format!("{path}: there is no such page")));
        }
    }
    findings
}

fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    !before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '/'))
}

fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Concatenated, so that this file contains no citation.
    const API: &str = concat!("rpc", "-api");
    const PAGE_TEXT: &str =
        "# Page\n\n## 1. One\n\n### 1.2 Two\n\n## 18. Open\n\n| # | what |\n|---|---|\n| 18.3 | a |\n| 1.9 | b |\n";

    fn found(text: &str) -> Vec<Finding> {
        let page = Source::new(&format!("{FOLDER}{API}{PAGE}"), PAGE_TEXT);
        check(&[page, Source::new("a.rs", text)])
    }

    #[test]
    fn a_missing_number_is_found_with_its_line() {
        for (text, count) in [
            ("9", 1),
            ("1.3", 1),
            ("18.4", 1),
            ("1.9", 1),
            ("1, 7", 1),
            ("1.2 to 1.4", 1),
            ("7 and 8", 2),
            ("1.2,\n/// 7", 1),
            ("1x", 1),
        ] {
            let findings = found(&format!("//! Head.\n/// See {API} {text}.\n"));
            assert_eq!(findings.len(), count, "{text}");
            assert!(findings.iter().all(|one| one.line == 2), "{text}");
        }
        assert_eq!(found(&format!("/// See {API}\n//! 9.\n")).len(), 1);
        assert_eq!(found(&format!("see {FOLDER}{API}{PAGE} 9\n")).len(), 1);
    }

    #[test]
    fn headings_rows_and_other_text_pass() {
        for text in ["1", "1.2", "18.3", "1, 1.2 and 18", "1 to 18.3; RFC 9110 5.2", "1.2, whatever", "and 7", ""] {
            assert!(found(&format!("/// See {API} {text}.\n")).is_empty(), "{text}");
        }
        assert!(found(&format!("my-{API} 9, {API}9\n")).is_empty());
        assert!(found("RFC 9110 5.2, FIPS 186-5 A.1.3\n").is_empty());
    }

    #[test]
    fn a_missing_page_is_found() {
        for name in ["gone", "../gone", "docs/gone"] {
            assert_eq!(found(&format!("see {name}{PAGE}, section 3\n")).len(), 1, "{name}");
        }
        for name in [API, "docs/spec/rpc-api", "../spec/rpc-api", "https://example.com/gone", ""] {
            assert!(found(&format!("see `{name}{PAGE}`\n")).is_empty(), "{name}");
        }
    }
}
