//! Checks of plain text: only ASCII, and no marker for later work without an issue number.

use super::finding::Finding;
use super::sources::Source;

/// Concatenated, so that the check does not find this file.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

pub(super) fn check_ascii(source: &Source) -> Vec<Finding> {
    numbered(source)
        .filter_map(|(line, text)| text.chars().find(|letter| !letter.is_ascii()).map(|letter| (line, letter)))
        .map(|(line, letter)| {
            let advice =
                format!("U+{:04X}: write it in ASCII, or as an escape where the value matters", u32::from(letter));
            Finding::new(source, line, "ascii", advice)
        })
        .collect()
}

pub(super) fn check_todos(source: &Source) -> Vec<Finding> {
    numbered(source)
        .filter(|(_, text)| MARKS.iter().any(|mark| has_unnumbered(text, mark)))
        .map(|(line, _)| {
            let advice =
                format!("write `{}(#N)` with the number of its issue, or do the work", MARKS.first().unwrap_or(&""));
            Finding::new(source, line, "promise", advice)
        })
        .collect()
}

fn has_unnumbered(text: &str, mark: &str) -> bool {
    text.match_indices(mark).any(|(at, _)| {
        let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let before = text.get(..at).and_then(|before| before.chars().next_back()).is_some_and(part_of_word);
        let after = text.get(at + mark.len()..).unwrap_or_default();
        let numbered =
            after.strip_prefix("(#").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        !before && !after.starts_with(part_of_word) && !numbered
    })
}

fn numbered(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source.text.lines().enumerate().map(|(index, text)| (index + 1, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_outside_ascii_are_found_with_their_line() {
        let findings = check_ascii(&Source::new("a.rs", "fine\nna\u{ef}ve\n"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
        assert!(findings[0].advice.contains("U+00EF"));
    }

    #[test]
    fn a_marker_needs_an_issue_number() {
        for mark in MARKS {
            assert_eq!(check_todos(&Source::new("a.rs", &format!("// {mark}: later"))).len(), 1);
            assert_eq!(check_todos(&Source::new("a.rs", &format!("// {mark}(#x)"))).len(), 1);
            assert!(check_todos(&Source::new("a.rs", &format!("// {mark}(#12): later"))).is_empty());
            assert!(check_todos(&Source::new("a.rs", &format!("MY{mark}S"))).is_empty());
        }
    }
}
