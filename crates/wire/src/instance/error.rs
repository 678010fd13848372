//! Every error of the Instance API: HTTP status, `ErrorCode`, exact text (instance-api 7), as the protobuf `Error`.
//!
//! Clients match on these texts, so they are defined only here and never composed elsewhere.
//! `InvalidParam` is for headers only: a transfer client crashes on it in any other place.

use std::fmt;

use claviger_base::Timestamp;
use claviger_base::id::RequestId;
use prost::Message as _;

use super::message::Error;

/// An error as the client receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400: `x-kms-apiname` is missing (empty value) or names no operation.
    InvalidApiName(String),
    /// 400: `x-kms-apiversion` is missing (empty value) or names another version.
    InvalidApiVersion(String),
    /// 400: `date` is missing, repeated or unreadable.
    InvalidDate,
    /// 400: `x-kms-signaturemethod` is missing.
    MissingSignatureMethod,
    /// 400: `x-kms-signaturemethod` has another value.
    UnsupportedSignatureMethod(String),
    /// 400: `authorization` is missing or malformed.
    InvalidAuthorization,
    /// 400: `content-sha256` is missing or is not the hash of the body.
    InvalidContentSha256,
    /// 400: `x-kms-acccesskeyid` is missing.
    MissingAccessKeyId,
    /// 400: `date` is more than 15 minutes away from now.
    RequestTimeTooSkewed,
    /// 400: a field of the message is missing, malformed or out of range, or the body does not decode. The value is the
    /// API's name of the field.
    InvalidParameter(&'static str),
    /// 400: the key's type or usage does not fit the operation.
    UnsupportedOperation,
    /// 401: the signature does not verify.
    SignatureNotMatch,
    /// 403: no policy permits it. The value is the key id or secret name.
    NoPermission(String),
    /// 404: no usable client key has that id.
    UnknownClientKey(String),
    /// 404: the client key expired at that date. Only the holder of the key receives this error and the next two. The
    /// code is that of instance-api 10.19, the texts are ours.
    ClientKeyExpired(String, Timestamp),
    /// 404: the client key is valid from that date on.
    ClientKeyNotYetValid(String, Timestamp),
    /// 404: the client key was revoked at that date.
    ClientKeyRevoked(String, Timestamp),
    /// 404: no key has that id or alias.
    KeyNotFound,
    /// 404: no such secret or secret version (inferred from the RPC plane, instance-api 10.18).
    ResourceNotFound,
    /// 404: an Advance operation with an asymmetric key. The value is the key id.
    OnlySymmetricKeySupported(String),
    /// 404: a path other than `/`. Ours: the real service documents none.
    UnknownPath,
    /// 405: a method other than POST. Ours: the real service documents none.
    MethodNotAllowed,
    /// 409: the key awaits deletion.
    PendingDeletion,
    /// 409: the key is disabled.
    Disabled,
    /// 409: the key awaits its material.
    PendingImport,
    /// 409: the key version has reached its encryption limit. The code is the one that newer API metadata lists for
    /// unusable states (rpc-api 6); the text is ours.
    Unavailable,
    /// 413: the body is larger than 3 MB.
    RequestEntityTooLarge,
    /// 431: too many headers, or too long ones. Ours.
    RequestHeaderFieldsTooLarge,
    /// 415: another media type. The value is the one received, or empty.
    InvalidContentType(String),
    /// 429: another data key pair request is in flight.
    ConcurrencyLimitExceeded,
    /// 500: an internal error, or a ciphertext that does not decrypt.
    InternalFailure,
    /// 503: overload, or a dependency is not available.
    ServiceUnavailableTemporary,
}

impl ApiError {
    /// The HTTP status, also the `StatusCode` field.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::InvalidApiName(_)
            | Self::InvalidApiVersion(_)
            | Self::InvalidDate
            | Self::MissingSignatureMethod
            | Self::UnsupportedSignatureMethod(_)
            | Self::InvalidAuthorization
            | Self::InvalidContentSha256
            | Self::MissingAccessKeyId
            | Self::RequestTimeTooSkewed
            | Self::InvalidParameter(_)
            | Self::UnsupportedOperation => 400,
            Self::SignatureNotMatch => 401,
            Self::NoPermission(_) => 403,
            Self::UnknownClientKey(_)
            | Self::ClientKeyExpired(..)
            | Self::ClientKeyNotYetValid(..)
            | Self::ClientKeyRevoked(..)
            | Self::KeyNotFound
            | Self::ResourceNotFound
            | Self::OnlySymmetricKeySupported(_)
            | Self::UnknownPath => 404,
            Self::MethodNotAllowed => 405,
            Self::PendingDeletion | Self::Disabled | Self::PendingImport | Self::Unavailable => 409,
            Self::RequestEntityTooLarge => 413,
            Self::RequestHeaderFieldsTooLarge => 431,
            Self::InvalidContentType(_) => 415,
            Self::ConcurrencyLimitExceeded => 429,
            Self::InternalFailure => 500,
            Self::ServiceUnavailableTemporary => 503,
        }
    }

    /// The `ErrorCode` field.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidApiName(_) => "InvalidApiName",
            Self::InvalidApiVersion(_) => "InvalidApiVersion",
            Self::InvalidDate
            | Self::MissingSignatureMethod
            | Self::UnsupportedSignatureMethod(_)
            | Self::InvalidAuthorization
            | Self::InvalidContentSha256 => "InvalidParam",
            Self::MissingAccessKeyId => "MissingParameter",
            Self::RequestTimeTooSkewed => "RequestTimeTooSkewed",
            Self::InvalidParameter(_) | Self::UnknownPath | Self::MethodNotAllowed => "InvalidParameter",
            Self::UnsupportedOperation => "UnsupportedOperation",
            Self::SignatureNotMatch => "SignatureNotMatch",
            Self::NoPermission(_) => "Forbidden.NoPermission",
            Self::UnknownClientKey(_)
            | Self::ClientKeyExpired(..)
            | Self::ClientKeyNotYetValid(..)
            | Self::ClientKeyRevoked(..) => "Unauthorized",
            Self::KeyNotFound => "Forbidden.KeyNotFound",
            Self::ResourceNotFound => "Forbidden.ResourceNotFound",
            Self::OnlySymmetricKeySupported(_) => "Forbidden.OnlySymmetricKeySupported",
            Self::PendingDeletion => "Rejected.PendingDeletion",
            Self::Disabled => "Rejected.Disabled",
            Self::PendingImport => "Rejected.PendingImport",
            Self::Unavailable => "Rejected.Unavailable",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::RequestHeaderFieldsTooLarge => "RequestHeaderFieldsTooLarge",
            Self::InvalidContentType(_) => "InvalidContentType",
            Self::ConcurrencyLimitExceeded => "Rejected.Throttling",
            Self::InternalFailure => "InternalFailure",
            Self::ServiceUnavailableTemporary => "ServiceUnavailableTemporary",
        }
    }

    /// The protobuf message for the client.
    #[must_use]
    pub fn to_message(&self, request_id: &RequestId) -> Error {
        Error {
            status_code: i32::from(self.status()),
            error_code: self.code().to_owned(),
            error_message: self.to_string(),
            request_id: request_id.as_str().to_owned(),
        }
    }

    /// The body to send with [`Self::status`].
    #[must_use]
    pub fn encode(&self, request_id: &RequestId) -> Vec<u8> {
        self.to_message(request_id).encode_to_vec()
    }
}

/// The `ErrorMessage` field, exactly as instance-api 7 lists it, including the full stops.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::InvalidApiName(name) => return write!(f, "The ApiName \"{name}\" is invalid."),
            Self::InvalidApiVersion(version) => return write!(f, "The ApiVersion \"{version}\" is invalid."),
            Self::UnsupportedSignatureMethod(value) => {
                return write!(f, "The Param x-kms-signaturemethod is invalid. message:\"{value}\".");
            }
            Self::NoPermission(name) => {
                return write!(f, "This operation for \"{name}\" is forbidden by permission system.");
            }
            Self::UnknownClientKey(id) => return write!(f, "The AccessKey ID \"{id}\" does not exist in our records."),
            Self::ClientKeyExpired(id, at) => return write!(f, "The AccessKey ID \"{id}\" expired at {at}."),
            Self::ClientKeyNotYetValid(id, at) => {
                return write!(f, "The AccessKey ID \"{id}\" is not valid before {at}.");
            }
            Self::ClientKeyRevoked(id, at) => return write!(f, "The AccessKey ID \"{id}\" was revoked at {at}."),
            // The specified text first, then the parameter: clients may match on the prefix.
            Self::InvalidParameter(name) => return write!(f, "The specified parameter is not valid. ({name})"),
            Self::OnlySymmetricKeySupported(id) => {
                return write!(f, "The key {id} is not a symmetric key. The API only supports symmetric keys.");
            }
            Self::InvalidContentType(value) => return write!(f, "Content-Type \"{value}\" is unsupported."),
            Self::InvalidDate => "The Param Date is invalid.",
            Self::MissingSignatureMethod => "The Param x-kms-signaturemethod is invalid.",
            Self::InvalidAuthorization => "The Param Authorization is invalid.",
            Self::InvalidContentSha256 => "The Param Content-SHA256 is invalid.",
            Self::MissingAccessKeyId => "Parameter x-kms-acccesskeyid does not exist in http header or body.",
            Self::RequestTimeTooSkewed => "Request time exceeds server time more than 15 minutes.",
            Self::UnsupportedOperation => "Rejected.UnsupportedOperation",
            Self::SignatureNotMatch => "Signature is not matched.",
            Self::KeyNotFound => "The key Key ID or Alias does not exist in the system.",
            Self::ResourceNotFound => "Resource not found",
            Self::UnknownPath => "The specified path is not valid. Send POST to the path \"/\".",
            Self::MethodNotAllowed => "The specified method is not valid. Send POST to the path \"/\".",
            Self::PendingDeletion => "The request was rejected because the key state is PendingDeletion.",
            Self::Disabled => "The request was rejected because the key state is Disabled.",
            Self::PendingImport => "The request was rejected because the key state is PendingImport.",
            Self::Unavailable => {
                "The request was rejected because the key version has reached its encryption limit. Use a new key version or a new key."
            }
            Self::RequestEntityTooLarge => "Request entity exceeds 3145728 bytes.",
            Self::RequestHeaderFieldsTooLarge => "Request headers exceed 100 fields or 65536 bytes.",
            Self::ConcurrencyLimitExceeded => "Concurrency Limit Exceeded.",
            Self::InternalFailure => "Internal Failure.",
            Self::ServiceUnavailableTemporary => "Service Unavailable Temporary.",
        };
        f.write_str(fixed)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error sample of instance-api 3, byte for byte.
    #[test]
    fn the_throttling_sample() {
        let id = RequestId::parse("e1d5f6a0-0000-4000-8000-000000000001").unwrap();
        let mut expected = vec![0x08, 0xad, 0x03, 0x12, 0x13];
        expected.extend_from_slice(b"Rejected.Throttling\x1a\x1bConcurrency Limit Exceeded.\x22\x24");
        expected.extend_from_slice(id.as_str().as_bytes());
        assert_eq!(ApiError::ConcurrencyLimitExceeded.encode(&id), expected);
    }

    #[test]
    fn the_texts_contain_their_values() {
        let noon = Timestamp::parse_iso8601("2026-11-28T12:00:00Z").unwrap();
        let cases = [
            (
                ApiError::InvalidParameter("KeyId"),
                400,
                "InvalidParameter",
                "The specified parameter is not valid. (KeyId)",
            ),
            (
                ApiError::ClientKeyExpired("KAAP.1".into(), noon),
                404,
                "Unauthorized",
                "The AccessKey ID \"KAAP.1\" expired at 2026-11-28T12:00:00Z.",
            ),
            (
                ApiError::ClientKeyNotYetValid("KAAP.1".into(), noon),
                404,
                "Unauthorized",
                "The AccessKey ID \"KAAP.1\" is not valid before 2026-11-28T12:00:00Z.",
            ),
            (
                ApiError::ClientKeyRevoked("KAAP.1".into(), noon),
                404,
                "Unauthorized",
                "The AccessKey ID \"KAAP.1\" was revoked at 2026-11-28T12:00:00Z.",
            ),
            (ApiError::InvalidApiName("x".into()), 400, "InvalidApiName", "The ApiName \"x\" is invalid."),
            (
                ApiError::UnsupportedSignatureMethod("MD5".into()),
                400,
                "InvalidParam",
                "The Param x-kms-signaturemethod is invalid. message:\"MD5\".",
            ),
            (
                ApiError::UnknownClientKey("KAAP.1".into()),
                404,
                "Unauthorized",
                "The AccessKey ID \"KAAP.1\" does not exist in our records.",
            ),
            (
                ApiError::OnlySymmetricKeySupported("key-1".into()),
                404,
                "Forbidden.OnlySymmetricKeySupported",
                "The key key-1 is not a symmetric key. The API only supports symmetric keys.",
            ),
            (
                ApiError::InvalidContentType(String::new()),
                415,
                "InvalidContentType",
                "Content-Type \"\" is unsupported.",
            ),
        ];
        for (error, status, code, message) in cases {
            assert_eq!((error.status(), error.code(), error.to_string().as_str()), (status, code, message));
        }
    }
}
