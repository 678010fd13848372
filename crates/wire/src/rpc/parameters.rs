//! The parameters of a request: query and form merged, with typed accessors (rpc-api 2.2, 2.4).
//!
//! Some clients send a parameter in the query, others in the form. If both contain it, the form takes precedence.

use std::collections::BTreeMap;
use std::fmt;

use super::error::RpcError;
use super::form;

/// The decoded query and form of one request. Decoded after authentication; before that, use [`super::Query`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    query: BTreeMap<String, String>,
    form: BTreeMap<String, String>,
}

impl Parameters {
    /// Decodes the URL's query (without `?`) and a form body.
    ///
    /// # Errors
    /// [`RpcError::ParseRequestParameterException`] if either cannot be decoded, [`RpcError::InvalidParameter`] if either
    /// contains a name twice: the intended value is then unknown.
    pub fn decode(query: &str, form: &[u8]) -> Result<Self, RpcError> {
        Ok(Self { query: without_repeats(query.as_bytes())?, form: without_repeats(form)? })
    }

    /// The value of `name`, which may be empty.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.form.get(name).or_else(|| self.query.get(name)).map(String::as_str)
    }

    /// A parameter that must be present and not empty.
    ///
    /// # Errors
    /// [`RpcError::MissingParameter`].
    pub fn required(&self, name: &'static str) -> Result<&str, RpcError> {
        self.optional(name).ok_or(RpcError::MissingParameter(name))
    }

    /// A parameter that may be absent; empty counts as absent.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// A boolean in any case: Python sends `True`.
    ///
    /// # Errors
    /// [`RpcError::InvalidParameter`].
    pub fn optional_bool(&self, name: &'static str) -> Result<Option<bool>, RpcError> {
        match self.optional(name).map(str::trim) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(RpcError::invalid(name)),
        }
    }

    /// A boolean that must be present.
    ///
    /// # Errors
    /// [`RpcError::MissingParameter`], [`RpcError::InvalidParameter`].
    pub fn required_bool(&self, name: &'static str) -> Result<bool, RpcError> {
        self.optional_bool(name)?.ok_or(RpcError::MissingParameter(name))
    }

    /// A decimal integer without sign; surrounding space is ignored.
    ///
    /// # Errors
    /// [`RpcError::InvalidParameter`].
    pub fn optional_integer(&self, name: &'static str) -> Result<Option<u32>, RpcError> {
        let Some(text) = self.optional(name).map(str::trim) else {
            return Ok(None);
        };
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
        is_decimal.then(|| text.parse().ok()).flatten().map(Some).ok_or(RpcError::invalid(name))
    }

    /// A JSON array of strings; `[]` counts as present.
    ///
    /// # Errors
    /// [`RpcError::InvalidParameter`].
    pub fn optional_texts(&self, name: &'static str) -> Result<Option<Vec<String>>, RpcError> {
        let parse = |text| serde_json::from_str(text).map_err(|_malformed| RpcError::invalid(name));
        self.optional(name).map(parse).transpose()
    }

    /// A decimal integer that must be present.
    ///
    /// # Errors
    /// [`RpcError::MissingParameter`], [`RpcError::InvalidParameter`].
    pub fn required_integer(&self, name: &'static str) -> Result<u32, RpcError> {
        self.optional_integer(name)?.ok_or(RpcError::MissingParameter(name))
    }
}

/// Prints names only: values may be secret.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
        f.debug_struct("Parameters").field("query", &names(&self.query)).field("form", &names(&self.form)).finish()
    }
}

fn without_repeats(encoded: &[u8]) -> Result<BTreeMap<String, String>, RpcError> {
    let mut map = BTreeMap::new();
    for (name, value) in form::decode(encoded)? {
        if map.contains_key(name.as_ref()) {
            return Err(RpcError::InvalidParameter(name.into_owned()));
        }
        map.insert(name.into_owned(), value.into_owned());
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(query: &str) -> Parameters {
        Parameters::decode(query, b"").unwrap()
    }

    #[test]
    fn the_form_takes_precedence() {
        let parameters = Parameters::decode("KeyId=a&X=1", b"KeyId=b").unwrap();
        assert_eq!(parameters.value("KeyId"), Some("b"));
        assert_eq!(parameters.value("X"), Some("1"));
    }

    #[test]
    fn a_repeated_name_is_refused() {
        let expected = Err(RpcError::InvalidParameter("KeyId".into()));
        assert_eq!(Parameters::decode("KeyId=a&KeyId=a", b""), expected);
        assert_eq!(Parameters::decode("", b"KeyId=a&Key%49d=b"), expected);
    }

    #[test]
    fn absent_and_empty() {
        let parameters = from("Description=");
        assert_eq!(parameters.value("Description"), Some(""));
        assert_eq!(parameters.optional("Description"), None);
        assert_eq!(parameters.required("Description"), Err(RpcError::MissingParameter("Description")));
        assert_eq!(parameters.required("KeyId"), Err(RpcError::MissingParameter("KeyId")));
        assert_eq!(parameters.required_bool("B"), Err(RpcError::MissingParameter("B")));
        assert_eq!(parameters.required_integer("N"), Err(RpcError::MissingParameter("N")));
    }

    #[test]
    fn booleans() {
        for (text, value) in [("true", true), ("True", true), ("FALSE", false), ("+true", true)] {
            assert_eq!(from(&format!("B={text}")).optional_bool("B"), Ok(Some(value)), "{text}");
        }
        for text in ["yes", "1", "tru", "true,false"] {
            assert_eq!(from(&format!("B={text}")).optional_bool("B"), Err(RpcError::invalid("B")), "{text}");
        }
    }

    #[test]
    fn integers() {
        for (text, value) in [("7", 7), ("+7+", 7), ("007", 7), ("4294967295", u32::MAX)] {
            assert_eq!(from(&format!("N={text}")).optional_integer("N"), Ok(Some(value)), "{text}");
        }
        for text in ["-1", "%2B1", "7d", "0x7", "1.0", "4294967296", "+"] {
            assert_eq!(from(&format!("N={text}")).optional_integer("N"), Err(RpcError::invalid("N")), "{text}");
        }
    }

    #[test]
    fn lists_of_strings() {
        let lists = from("A=[%22x%22,%22y%22]&B=[]&C=x&D=[1]");
        assert_eq!(lists.optional_texts("A"), Ok(Some(vec!["x".to_owned(), "y".to_owned()])));
        assert_eq!(lists.optional_texts("B"), Ok(Some(Vec::new())));
        assert_eq!(lists.optional_texts("C"), Err(RpcError::invalid("C")));
        assert_eq!(lists.optional_texts("D"), Err(RpcError::invalid("D")));
        assert_eq!(lists.optional_texts("E"), Ok(None));
    }

    #[test]
    fn values_are_not_printed() {
        let printed = format!("{:?}", Parameters::decode("A=hunter2", b"SecretData=hunter3").unwrap());
        assert!(printed.contains("SecretData") && !printed.contains("hunter"), "{printed}");
    }
}
