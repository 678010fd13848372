//! A point in time and its text form.

use std::fmt;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    unix_ms: i64,
}

impl Timestamp {
    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_unix_ms(unix_ms: i64) -> Self {
        Self { unix_ms }
    }

    /// From seconds since 1970.
    #[must_use]
    pub const fn from_unix_s(unix_s: i64) -> Self {
        Self { unix_ms: unix_s.saturating_mul(1000) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        self.unix_ms
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn unix_s(self) -> i64 {
        self.unix_ms.div_euclid(1000)
    }

    /// This time plus `ms` milliseconds, saturating.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self { unix_ms: self.unix_ms.saturating_add(ms) }
    }

    /// Milliseconds from `earlier` to this time; negative if `earlier` is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.unix_ms.saturating_sub(earlier.unix_ms)
    }

    /// This time plus `seconds`, saturating.
    #[must_use]
    pub const fn plus_s(self, seconds: i64) -> Self {
        Self { unix_ms: self.unix_ms.saturating_add(seconds.saturating_mul(1000)) }
    }

    /// This time truncated to the whole second, like every date on the wire.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self::from_unix_s(self.unix_s())
    }

    /// Parses `yyyy-MM-ddTHH:mm:ssZ` and no other form.
    #[must_use]
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
        if bytes.len() != 20 || punctuation.iter().any(|(at, expected)| bytes.get(*at) != Some(expected)) {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<u16> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        };
        let small = |from: usize| number(from, from + 2).and_then(|n| u8::try_from(n).ok());
        Self::from_civil(i32::from(number(0, 4)?), small(5)?, small(8)?, small(11)?, small(14)?, small(17)?)
    }

    /// From a calendar date and a time of day, UTC; `None` if there is no such time.
    #[must_use]
    pub fn from_civil(year: i32, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Self> {
        let date = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
        let time = Time::from_hms(hour, minute, second).ok()?;
        Some(Self::from_unix_s(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp()))
    }
}

/// `yyyy-MM-ddTHH:mm:ssZ`, the form of every date in answers and records.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(t) = OffsetDateTime::from_unix_timestamp(self.unix_s()) else {
            return write!(f, "{}s", self.unix_s());
        };
        let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", t.hour(), t.minute(), t.second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso8601_round_trips() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-24T04:21:00Z", "2000-02-29T23:59:59Z", "2100-12-31T00:00:01Z"] {
            assert_eq!(Timestamp::parse_iso8601(text).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::parse_iso8601("2026-01-02T03:04:05Z").unwrap().unix_s(), 1_767_323_045);
    }

    #[test]
    fn iso8601_refuses_what_is_not_exactly_the_form() {
        let bad = [
            "",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05Z",
            "2026-13-02T03:04:05Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:60:05Z",
            "+026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.1Z",
            "2026-01-02T03:04:05z",
            "20\u{e9}6-1-02T03:04:05Z",
        ];
        for text in bad {
            assert_eq!(Timestamp::parse_iso8601(text), None, "{text}");
        }
    }
}
