//! Durations as people and clients write them: a whole number and a unit, such as `7d`, `12h`, `90m` or `30s`.

/// The seconds of `<integer><unit>`, where the unit is `d`, `h`, `m` or `s`; `None` for any other text.
///
/// ```
/// use claviger_base::duration::parse_s;
/// assert_eq!(parse_s("7d"), Some(604_800));
/// assert_eq!(parse_s("7 days"), None);
/// ```
#[must_use]
pub fn parse_s(text: &str) -> Option<u64> {
    let unit_s = match text.as_bytes().last()? {
        b'd' => 86_400,
        b'h' => 3600,
        b'm' => 60,
        b's' => 1,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(unit_s)
}

/// Writes seconds as the API writes every interval: `604800s`.
#[must_use]
pub fn format_s(seconds: u64) -> String {
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documented_units_are_read() {
        for (text, seconds) in [("7d", 604_800), ("168h", 604_800), ("1m", 60), ("605800s", 605_800), ("0d", 0)] {
            assert_eq!(parse_s(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "d", "7", "7w", "-7d", "+7d", "7.5d", "7 d", "7D", "7dd", "99999999999999999d", "7\u{e9}"] {
            assert_eq!(parse_s(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds: u64) {
            prop_assert_eq!(parse_s(&format_s(seconds)), Some(seconds));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,30}") {
            let _ = parse_s(&text);
        }
    }
}
