//! Parsing of Markdown pages: the lines outside code blocks, and the headings with their GitHub anchors.

/// A heading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Its text.
    pub(super) text: String,
    /// What follows `#` in a link to it.
    pub(super) anchor: String,
}

/// The lines outside fenced code blocks, with their numbers from 1.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        (!is_code && !is_fence).then_some((index + 1, line))
    })
}

/// The text of the heading on this line, if it is one.
pub(super) fn heading(line: &str) -> Option<&str> {
    let words = line.trim_start_matches('#');
    let level = line.len() - words.len();
    (1..=6).contains(&level).then_some(words)?.strip_prefix(' ').map(str::trim)
}

/// Every heading in order. The anchor of a repeated heading ends with `-1`, `-2` and so on.
pub(super) fn headings(text: &str) -> Vec<Heading> {
    let mut all: Vec<Heading> = Vec::new();
    for (_, line) in prose(text) {
        let Some(words) = heading(line) else { continue };
        let plain = anchor(words);
        let before = all.iter().filter(|other| anchor(&other.text) == plain).count();
        let anchor = if before == 0 { plain } else { format!("{plain}-{before}") };
        all.push(Heading { text: words.to_owned(), anchor });
    }
    all
}

fn anchor(words: &str) -> String {
    words
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_anchors_of_github() {
        let text = "# One page\n\n```toml\n# a comment\n```\n## 1.2 `wire`: keys, and more\n## Again\n### Again\n#no\n";
        let found: Vec<(String, String)> = headings(text).into_iter().map(|one| (one.text, one.anchor)).collect();
        let expected = [
            ("One page", "one-page"),
            ("1.2 `wire`: keys, and more", "12-wire-keys-and-more"),
            ("Again", "again"),
            ("Again", "again-1"),
        ];
        assert_eq!(found, expected.map(|(text, anchor)| (text.to_owned(), anchor.to_owned())));
    }

    #[test]
    fn lines_keep_their_numbers_past_a_code_block() {
        let lines: Vec<(usize, &str)> = prose("a\n```text\nb\n```\nc\n").collect();
        assert_eq!(lines, [(1, "a"), (5, "c")]);
    }
}
