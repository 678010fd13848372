//! A request's query before its caller is known: decoded, sorted, and copied as little as possible.
//!
//! The rule it keeps: its cost is in proportion to what was sent (docs/limits.md). Everything else about parameters is in
//! [`super::Parameters`], which is made for known callers only.

use std::fmt;

use super::error::RpcError;
use super::form;

/// The query of one request, sorted by name: what scheme V3 signs.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query<'a> {
    pairs: Vec<form::Pair<'a>>,
}

impl<'a> Query<'a> {
    /// Decodes the URL's query, without `?`.
    ///
    /// # Errors
    /// [`RpcError::ParseRequestParameterException`] if it cannot be decoded, [`RpcError::InvalidParameter`] if it holds one
    /// name twice: then it is unclear which value was signed and which was meant.
    pub fn decode(encoded: &'a str) -> Result<Self, RpcError> {
        let mut pairs = form::decode(encoded.as_bytes())?;
        pairs.sort_unstable();
        for neighbours in pairs.windows(2) {
            if let [(name, _), (next, _)] = neighbours
                && name == next
            {
                return Err(RpcError::invalid(name));
            }
        }
        Ok(Self { pairs })
    }

    /// The value of `name`, which may be empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.pairs.binary_search_by(|(other, _)| other.as_ref().cmp(name)).ok()?;
        self.pairs.get(at).map(|(_, value)| value.as_ref())
    }

    /// Every name with its value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// Names only: a value may be a secret.
impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sorted_and_read_by_name() {
        let query = Query::decode("b=2&a=x+y&c").unwrap();
        assert_eq!(query.iter().collect::<Vec<_>>(), [("a", "x y"), ("b", "2"), ("c", "")]);
        assert_eq!((query.value("b"), query.value("c"), query.value("d")), (Some("2"), Some(""), None));
        assert_eq!(format!("{query:?}"), r#"["a", "b", "c"]"#);
    }

    #[test]
    fn a_name_twice_is_refused() {
        assert_eq!(Query::decode("KeyId=a&X=1&Key%49d=b"), Err(RpcError::invalid("KeyId")));
        assert_eq!(Query::decode("a=%"), Err(RpcError::ParseRequestParameterException));
    }
}
