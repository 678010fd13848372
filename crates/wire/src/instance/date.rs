//! The `date` header: RFC 1123 in GMT. Reading is lenient where official pages differ (one-digit day, `UTC`,
//! weekday not verified: instance-api 1.2, 1.5), writing is strict. The header is signed verbatim, never rewritten.

use claviger_base::Timestamp;

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]; // 1970-01-01 was a Thursday
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads `Thu, 06 Feb 2020 07:32:54 GMT`. Also accepts a one-digit day and `UTC`.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    let weekday = words.next()?.strip_suffix(',')?;
    let (day, month, year, time, zone) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    let well_formed = words.next().is_none()
        && weekday.len() >= 3
        && weekday.bytes().all(|b| b.is_ascii_alphabetic())
        && (zone.eq_ignore_ascii_case("GMT") || zone.eq_ignore_ascii_case("UTC"))
        && time.len() == 8
        && year.len() == 4;
    if !well_formed {
        return None;
    }
    let month = MONTHS.iter().zip(1..).find_map(|(name, number)| name.eq_ignore_ascii_case(month).then_some(number))?;
    let mut clock = time.split(':');
    let (hour, minute, second) = (clock.next()?, clock.next()?, clock.next()?);
    let year = i32::from(number(year, 4)?);
    Timestamp::from_civil(year, month, small(day)?, small(hour)?, small(minute)?, small(second)?)
}

/// Writes `Thu, 06 Feb 2020 07:32:54 GMT`. Moments outside the years 0 to 9999 are written as the epoch.
#[must_use]
pub fn format(at: Timestamp) -> String {
    civil(at).or_else(|| civil(Timestamp::default())).unwrap_or_default()
}

fn civil(at: Timestamp) -> Option<String> {
    // `Timestamp` already converts to the calendar form yyyy-MM-ddTHH:mm:ssZ.
    let iso = at.to_string();
    Timestamp::parse_iso8601(&iso)?;
    let weekday = WEEKDAYS.get(usize::try_from(at.unix_s().div_euclid(86_400).rem_euclid(7)).ok()?)?;
    let month = MONTHS.get(usize::from(small(iso.get(5..7)?)?).checked_sub(1)?)?;
    let (year, day, time) = (iso.get(0..4)?, iso.get(8..10)?, iso.get(11..19)?);
    Some(format!("{weekday}, {day} {month} {year} {time} GMT"))
}

fn number(digits: &str, longest: usize) -> Option<u16> {
    let plain = (1..=longest).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn small(digits: &str) -> Option<u8> {
    number(digits, 2).and_then(|n| u8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn documented_forms_are_read() {
        let expected = Timestamp::parse_iso8601("2020-02-06T07:32:54Z");
        let forms = [
            "Thu, 06 Feb 2020 07:32:54 GMT",
            "Thu, 6 Feb 2020 07:32:54 GMT",
            "Thu, 06 Feb 2020 07:32:54 UTC",
            "Mon, 06 Feb 2020 07:32:54 GMT",
            "thu, 06 feb 2020 07:32:54 gmt",
        ];
        for text in forms {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert_eq!(parse("Mon, 3 Jan 2010 08:33:47 GMT"), Timestamp::parse_iso8601("2010-01-03T08:33:47Z"));
    }

    #[test]
    fn other_forms_are_refused() {
        let bad = [
            "",
            "2020-02-06T07:32:54Z",
            "Thu 06 Feb 2020 07:32:54 GMT",
            "Thu, 06 Feb 2020 07:32:54",
            "Thu, 06 Feb 2020 07:32:54 CST",
            "Thu, 06 Feb 2020 07:32:54 +0800",
            "Thu, 06 Feb 2020 07:32:54 GMT x",
            "Thu, 30 Feb 2020 07:32:54 GMT",
            "Thu, 006 Feb 2020 07:32:54 GMT",
            "Thu, 06 Foo 2020 07:32:54 GMT",
            "Thu, 06 Feb 20 07:32:54 GMT",
            "Thu, 06 Feb 2020 7:32:54 GMT",
            "Thu, 06 Feb 2020 25:32:54 GMT",
            "Thu, 06 Feb 2020 07:32:5a GMT",
            ", 06 Feb 2020 07:32:54 GMT",
            "Thu, -6 Feb 2020 07:32:54 GMT",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn writing_follows_rfc_1123() {
        let at = Timestamp::parse_iso8601("2026-11-23T20:32:35Z").unwrap();
        assert_eq!(format(at), "Mon, 23 Nov 2026 20:32:35 GMT");
        assert_eq!(format(Timestamp::from_unix_s(i64::MAX)), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    proptest! {
        #[test]
        fn a_formatted_date_parses(unix_s in -62_167_219_200_i64..253_402_300_800) {
            let at = Timestamp::from_unix_s(unix_s);
            prop_assert_eq!(parse(&format(at)), Some(at));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
