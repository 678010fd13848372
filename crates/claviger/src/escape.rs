//! Shows foreign text on a terminal: anything that could move the cursor, start a line or change the text direction is
//! escaped.

use std::borrow::Cow;

/// The text as one line; characters that must not be printed are escaped, such as `
/// `.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_control)
}

/// Like [`one_line`], but line feeds stay: for PEM and for text with its own lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && is_control(character))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            _ if !is_escaped(character) => shown.push(character),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ => shown.extend(character.escape_unicode()),
        }
    }
    Cow::Owned(shown)
}

/// C0, DEL and C1; marks, embeddings, overrides and isolates of the text direction; the two line separators.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(one_line("a\nb\r\t\u{1b}[2J\u{7}\u{7f}\u{9b}"), "a\\nb\\r\\t\\u{1b}[2J\\u{7}\\u{7f}\\u{9b}");
        assert_eq!(one_line("\u{202e}\u{2066}\u{2028}"), "\\u{202e}\\u{2066}\\u{2028}");
        assert_eq!(one_line("\u{5bc6}\u{94a5} \u{e9} C:\\x"), "\u{5bc6}\u{94a5} \u{e9} C:\\x");
        assert_eq!(lines("-----BEGIN\nA\u{1b}"), "-----BEGIN\nA\\u{1b}");
    }
}
