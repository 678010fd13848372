//! Detection of the scheme that signed a request (rpc-api 2.1, 3).

use super::error::RpcError;
use super::query::Query;
use super::{form, header};
use crate::headers::{Headers, Single};

/// A signature scheme (rpc-api 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `Signature` among the parameters, HMAC-SHA1.
    V1,
    /// `ACS3-HMAC-SHA256`.
    V3,
    /// `ACS4-HMAC-SHA256`.
    V4,
}

impl Scheme {
    /// Detects the scheme from headers and query.
    ///
    /// # Errors
    /// [`RpcError::IncompleteSignature`] for bearer tokens and for unsupported variants of a scheme, [`Self::UNSIGNED`] if
    /// neither headers nor query contain a signature; see [`Self::in_form`].
    pub fn find(headers: &Headers<'_>, query: &Query<'_>) -> Result<Self, RpcError> {
        let authorization = match headers.single(header::AUTHORIZATION) {
            Single::Once(value) => value,
            Single::Absent => "",
            Single::Unusable => return Err(RpcError::IncompleteSignature("Send one Authorization header.")),
        };
        let algorithm = authorization.split(' ').next().unwrap_or_default();
        let is_bearer = || {
            algorithm.eq_ignore_ascii_case("Bearer")
                || headers.values(header::BEARER_TOKEN).next().is_some()
                || query.value("SignatureType").is_some_and(is_bearer_type)
        };
        match algorithm {
            "ACS3-HMAC-SHA256" => Ok(Self::V3),
            "ACS4-HMAC-SHA256" => Ok(Self::V4),
            other if other.starts_with("ACS3-") || other.starts_with("ACS4-") => {
                Err(RpcError::IncompleteSignature("This signature algorithm is not supported. Use ACS3-HMAC-SHA256."))
            }
            _ if query.value("Signature").is_some() => Ok(Self::V1),
            _ if is_bearer() => Err(NO_BEARER),
            _ => Err(Self::UNSIGNED),
        }
    }

    /// The error for a request without a signature in headers and query.
    pub const UNSIGNED: RpcError = RpcError::MissingParameter("AccessKeyId");

    /// The error for a request with this form and no signature in headers and query. Scheme V1 may put its signature into the
    /// form.
    #[must_use]
    pub fn in_form(form: &[u8]) -> RpcError {
        let pairs = match form::decode(form) {
            Ok(pairs) => pairs,
            Err(error) => return error,
        };
        if pairs.iter().any(|(name, _)| name == "Signature") {
            return NO_V1;
        }
        let is_bearer = pairs.iter().any(|(name, value)| name == "SignatureType" && is_bearer_type(value));
        if is_bearer { NO_BEARER } else { Self::UNSIGNED }
    }

    /// Refuses the schemes that are not implemented yet.
    ///
    /// # Errors
    /// [`RpcError::IncompleteSignature`].
    pub const fn require_supported(self) -> Result<(), RpcError> {
        match self {
            Self::V3 => Ok(()),
            Self::V1 => Err(NO_V1),
            Self::V4 => Err(RpcError::IncompleteSignature(
                "Signature scheme V4 (ACS4-HMAC-SHA256) is not supported yet. Use ACS3-HMAC-SHA256.",
            )),
        }
    }
}

const NO_V1: RpcError = RpcError::IncompleteSignature(
    "Signature scheme V1 (HMAC-SHA1 in parameters) is not supported yet. Use ACS3-HMAC-SHA256.",
);
const NO_BEARER: RpcError = RpcError::IncompleteSignature("Bearer tokens are not supported.");

fn is_bearer_type(value: &str) -> bool {
    value.eq_ignore_ascii_case("BEARERTOKEN")
}

/// Checks method and path: GET or POST of `/` (rpc-api 2.1).
///
/// # Errors
/// [`RpcError::InvalidAction`] for another path, [`RpcError::UnsupportedHttpMethod`].
pub fn check_line(method: &str, path: &str) -> Result<(), RpcError> {
    match (method, path) {
        ("GET" | "POST", "/") => Ok(()),
        (_, "/") => Err(RpcError::UnsupportedHttpMethod),
        _ => Err(RpcError::InvalidAction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<'a>(pairs: &[(&'a str, &'a str)]) -> Headers<'a> {
        Headers::new(pairs.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    fn query(text: &str) -> Query<'_> {
        Query::decode(text).unwrap()
    }

    #[test]
    fn the_scheme_is_detected() {
        let find = |authorization, text| Scheme::find(&headers(&[("authorization", authorization)]), &query(text));
        assert_eq!(find("ACS3-HMAC-SHA256 Credential=a", "Signature=x"), Ok(Scheme::V3));
        assert_eq!(find("ACS4-HMAC-SHA256 Credential=a", ""), Ok(Scheme::V4));
        assert_eq!(find("", "Signature=x"), Ok(Scheme::V1));
        assert!(matches!(find("ACS3-HMAC-SM3 Credential=a", ""), Err(RpcError::IncompleteSignature(_))));
        assert!(matches!(find("Bearer x", ""), Err(RpcError::IncompleteSignature(_))));
        assert!(matches!(find("", "SignatureType=BEARERTOKEN"), Err(RpcError::IncompleteSignature(_))));
        assert_eq!(find("", "SignatureType=&AccessKeyId=a"), Err(RpcError::MissingParameter("AccessKeyId")));
        let twice = headers(&[("authorization", "ACS3-HMAC-SHA256 a"), ("Authorization", "ACS3-HMAC-SHA256 b")]);
        assert!(Scheme::find(&twice, &query("")).is_err());
    }

    #[test]
    fn a_signature_in_the_form_is_detected() {
        assert_eq!(Scheme::in_form(b"Action=ListKeys"), Scheme::UNSIGNED);
        assert_eq!(Scheme::in_form(b""), Scheme::UNSIGNED);
        assert_eq!(Scheme::in_form(b"Action=ListKeys&Signature=x"), NO_V1);
        assert_eq!(Scheme::in_form(b"SignatureType=bearertoken"), NO_BEARER);
        assert_eq!(Scheme::in_form(b"a=%"), RpcError::ParseRequestParameterException);
    }

    #[test]
    fn only_v3_is_supported() {
        assert_eq!(Scheme::V3.require_supported(), Ok(()));
        assert!(Scheme::V1.require_supported().is_err());
        assert!(Scheme::V4.require_supported().is_err());
    }

    #[test]
    fn method_and_path_are_checked() {
        assert_eq!(check_line("POST", "/"), Ok(()));
        assert_eq!(check_line("GET", "/"), Ok(()));
        assert_eq!(check_line("PUT", "/"), Err(RpcError::UnsupportedHttpMethod));
        assert_eq!(check_line("POST", "/x"), Err(RpcError::InvalidAction));
    }
}
