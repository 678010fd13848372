//! Request headers as both planes read them: names in lower case, values trimmed, in order of arrival.
//!
//! Proxies change the case of names, so case is ignored when names are compared. Values are signed, so they are kept byte for
//! byte (instance-api 1.2, 1.3; rpc-api 3.2).

/// The value of a header that may occur only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Single<'a> {
    /// Not received.
    Absent,
    /// Received once. The value is valid UTF-8 and trimmed.
    Once(&'a str),
    /// Received more than once, or not UTF-8: the intended value is unknown.
    Unusable,
}

/// A request's headers.
#[derive(Debug, Clone, Default)]
pub struct Headers<'a> {
    entries: Vec<(String, &'a [u8])>,
}

impl<'a> Headers<'a> {
    /// Collects (name, value) pairs in order of arrival.
    pub fn new<N: AsRef<str>>(received: impl IntoIterator<Item = (N, &'a [u8])>) -> Self {
        let entries =
            received.into_iter().map(|(name, value)| (name.as_ref().to_ascii_lowercase(), value.trim_ascii()));
        Self { entries: entries.collect() }
    }

    /// Every (lower-case name, trimmed value), in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a [u8])> {
        self.entries.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Every value received under `name` (lower case), in order of arrival.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.iter().filter(move |(received, _)| *received == name).map(|(_, value)| value)
    }

    /// The one value of `name` (lower case).
    #[must_use]
    pub fn single(&self, name: &str) -> Single<'a> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (None, _) => Single::Absent,
            (Some(value), None) => std::str::from_utf8(value).map_or(Single::Unusable, Single::Once),
            (Some(_), Some(_)) => Single::Unusable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_cased_and_values_trimmed() {
        let headers = Headers::new([("X-Kms-ApiName", b" Encrypt\t".as_slice()), ("host", b"h")]);
        assert_eq!(headers.single("x-kms-apiname"), Single::Once("Encrypt"));
        assert_eq!(headers.single("date"), Single::Absent);
    }

    #[test]
    fn a_repeated_or_unreadable_header_has_no_single_value() {
        let headers = Headers::new([("a", b"1".as_slice()), ("A", b"1"), ("b", b"\xff")]);
        assert_eq!(headers.single("a"), Single::Unusable);
        assert_eq!(headers.single("b"), Single::Unusable);
        assert_eq!(headers.values("a").count(), 2);
    }
}
