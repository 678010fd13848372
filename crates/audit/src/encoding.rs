//! The text forms of the log: JSON members, times, decimal numbers and hexadecimal digits (`docs/formats/audit.md`, "Lines").

use std::fmt::Write as _;

use claviger_base::Timestamp;

/// Appends `,"name":"value"`. The value is escaped to printable ASCII (RFC 8259 section 7) and cut, between characters,
/// to at most `max` bytes in its escaped form.
pub(crate) fn text(out: &mut String, name: &str, value: &str, max: usize) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":\"");
    let end = out.len().saturating_add(max);
    for c in value.chars() {
        let whole = out.len();
        escape(out, c);
        if out.len() > end {
            out.truncate(whole);
            break;
        }
    }
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        ' '..='~' => out.push(c),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// Appends `,"name":value`.
pub(crate) fn number(out: &mut String, name: &str, value: u64) {
    let _ = write!(out, ",\"{name}\":{value}");
}

/// `yyyy-MM-ddTHH:mm:ss.mmmZ` (RFC 3339).
pub(crate) fn rfc3339_ms(time: Timestamp) -> String {
    let seconds = time.to_string();
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), time.unix_ms().rem_euclid(1000))
}

/// Parses a decimal number in its only valid form: digits without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Decodes lower-case hexadecimal digits, the only form the log uses.
pub(crate) fn lower_hex(text: &str) -> Option<Vec<u8>> {
    (!text.bytes().any(|b| b.is_ascii_uppercase())).then(|| hex::decode(text).ok()).flatten()
}

/// Decodes a chain hash from its 64 digits.
pub(crate) fn hash_from_hex(text: &str) -> Option<[u8; 32]> {
    lower_hex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_on_one_line_and_in_its_field() {
        let mut out = String::new();
        text(&mut out, "key_id", "a\"b\\c\nd\r\u{0}\u{7f}\u{e9}\u{1f600},\"chain\":\"", 300);
        let expected = r#","key_id":"a\"b\\c\u000ad\u000d\u0000\u007f\u00e9\ud83d\ude00,\"chain\":\"""#;
        assert_eq!(out, expected);
    }

    #[test]
    fn text_is_cut_by_the_bytes_written_and_between_characters() {
        let cases = [
            ("\u{e9}", 18, r#","code":"\u00e9\u00e9\u00e9""#),
            ("\u{e9}", 17, r#","code":"\u00e9\u00e9""#),
            ("\u{1f600}", 12, r#","code":"\ud83d\ude00""#),
            ("\u{1f600}", 11, r#","code":"""#),
            ("\"", 3, r#","code":"\"""#),
            ("a", 3, r#","code":"aaa""#),
        ];
        for (letter, max, expected) in cases {
            let mut out = String::new();
            text(&mut out, "code", &letter.repeat(10), max);
            assert_eq!(out, expected, "{letter} {max}");
        }
    }

    #[test]
    fn time_has_milliseconds() {
        assert_eq!(rfc3339_ms(Timestamp::from_unix_ms(1_767_323_045_007)), "2026-01-02T03:04:05.007Z");
        assert_eq!(rfc3339_ms(Timestamp::from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
    }
}
