//! The query of a request that is not authenticated yet: decoded and sorted, with as few copies as possible.
//!
//! The cost is proportional to the size of the request (docs/limits.md). [`super::Parameters`] does everything else, for
//! authenticated callers only.

use std::fmt;

use super::error::RpcError;
use super::form;

/// The query of one request, sorted by name, as scheme V3 signs it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query<'a> {
    pairs: Vec<form::Pair<'a>>,
}

impl<'a> Query<'a> {
    /// Decodes the URL's query, without `?`.
    ///
    /// # Errors
    /// [`RpcError::ParseRequestParameterException`] if it cannot be decoded, [`RpcError::InvalidParameter`] if it contains
    /// a name twice: the intended value is then unknown.
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

    /// Every (name, value), sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// Prints names only: values may be secret.
impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sorted_and_read_by_name() {
        let query = Query::decode("b=2&a=x+y&c").unwrap();
        assert_eq!(query.iter().collect::<Vec<_>>(), [("a", "x y"), ("b", "2"), ("c", "")]);
        assert_eq!((query.value("b"), query.value("c"), query.value("d")), (Some("2"), Some(""), None));
        assert_eq!(format!("{query:?}"), r#"["a", "b", "c"]"#);
    }

    #[test]
    fn a_repeated_name_is_refused() {
        assert_eq!(Query::decode("KeyId=a&X=1&Key%49d=b"), Err(RpcError::invalid("KeyId")));
        assert_eq!(Query::decode("a=%"), Err(RpcError::ParseRequestParameterException));
    }
}
