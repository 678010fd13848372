//! The checks of a request's line and headers that need neither a client key nor a crypto library, in the order of
//! instance-api 2, up to "content-sha256 = body". A request that passes them is not authenticated yet.

use claviger_base::Timestamp;
use claviger_base::id::KeyVersionId;
use claviger_base::limits::{BODY_BYTES_MAX, DATE_SKEW_S_MAX};

use super::error::ApiError;
use super::operation::Operation;
use super::string_to_sign::string_to_sign;
use super::{date, header};
use crate::headers::{Headers, Single};

/// A request whose body has been hashed.
#[derive(Debug, Clone, Copy)]
pub struct HashedRequest<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// The path without the query, which this API ignores.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a Headers<'a>,
    /// Length of the body, bytes.
    pub body_bytes: usize,
    /// SHA-256 of the body.
    pub body_sha256: &'a [u8; 32],
}

/// The parsed headers of a well-formed request. Nothing in them is authenticated until [`Self::signature`] verifies
/// over [`Self::string_to_sign`] with the public key of the client key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeaders {
    /// `x-kms-apiname`.
    pub operation: Operation,
    /// `x-kms-acccesskeyid` as sent, not yet checked for its form.
    pub client_key_id: String,
    /// `authorization`, decoded.
    pub signature: Vec<u8>,
    /// The bytes that the signature covers.
    pub string_to_sign: Vec<u8>,
    /// `x-kms-migrationkeyversionid`: the key version to use.
    pub migration_key_version_id: Option<KeyVersionId>,
    /// What the headers declare about the body.
    pub declared_body: DeclaredBody,
}

/// What the headers declare about the body, for requests that are checked before their body arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredBody {
    content_sha256: Option<[u8; 32]>,
    has_content_type: bool,
}

impl DeclaredBody {
    /// Checks the received body against the declaration. Only an empty body needs neither type nor hash.
    ///
    /// # Errors
    /// [`ApiError::InvalidContentType`], [`ApiError::InvalidContentSha256`].
    pub fn check(&self, body_bytes: usize, body_sha256: &[u8; 32]) -> Result<(), ApiError> {
        if body_bytes > 0 && !self.has_content_type {
            return Err(ApiError::InvalidContentType(String::new()));
        }
        match self.content_sha256 {
            Some(declared) if declared != *body_sha256 => Err(ApiError::InvalidContentSha256),
            None if body_bytes > 0 => Err(ApiError::InvalidContentSha256),
            Some(_) | None => Ok(()),
        }
    }
}

impl RequestHeaders {
    /// Like [`Self::check`], but before the body has arrived. It assumes that the body will match the headers;
    /// [`DeclaredBody::check`] verifies that later. `body_bytes_min` is the least length that the body can have.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn check_before_body(
        method: &str,
        path: &str,
        headers: &Headers<'_>,
        body_bytes_min: usize,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let declared = content_sha256(headers).unwrap_or_default();
        Self::check(&HashedRequest { method, path, headers, body_bytes: body_bytes_min, body_sha256: &declared }, now)
    }

    /// Checks `request` against real time `now`, in the order of instance-api 2.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn check(request: &HashedRequest<'_>, now: Timestamp) -> Result<Self, ApiError> {
        let headers = request.headers;
        check_line(request)?;
        check_content_type(headers, request.body_bytes)?;
        check_api_version(headers)?;
        let operation = operation(headers)?;
        check_date(headers, now)?;
        check_signature_method(headers)?;
        let client_key_id = client_key_id(headers)?;
        let signature = signature(headers)?;
        check_content_sha256(request)?;
        let migration_key_version_id = migration_key_version_id(headers)?;
        let string_to_sign = string_to_sign(headers);
        let declared_body = DeclaredBody {
            content_sha256: content_sha256(headers),
            has_content_type: headers.values(header::CONTENT_TYPE).next().is_some(),
        };
        Ok(Self { operation, client_key_id, signature, string_to_sign, migration_key_version_id, declared_body })
    }
}

fn check_line(request: &HashedRequest<'_>) -> Result<(), ApiError> {
    if request.path != "/" {
        return Err(ApiError::UnknownPath);
    }
    if request.method != "POST" {
        return Err(ApiError::MethodNotAllowed);
    }
    if request.body_bytes > BODY_BYTES_MAX {
        return Err(ApiError::RequestEntityTooLarge);
    }
    Ok(())
}

fn check_content_type(headers: &Headers<'_>, body_bytes: usize) -> Result<(), ApiError> {
    match headers.single(header::CONTENT_TYPE) {
        Single::Once(value) if header::is_protobuf(value) => Ok(()),
        Single::Absent if body_bytes == 0 => Ok(()),
        _ => Err(ApiError::InvalidContentType(as_received(headers, header::CONTENT_TYPE))),
    }
}

fn check_api_version(headers: &Headers<'_>) -> Result<(), ApiError> {
    match headers.single(header::API_VERSION) {
        Single::Once(header::API_VERSION_VALUE) => Ok(()),
        _ => Err(ApiError::InvalidApiVersion(as_received(headers, header::API_VERSION))),
    }
}

fn operation(headers: &Headers<'_>) -> Result<Operation, ApiError> {
    match headers.single(header::API_NAME) {
        Single::Once(name) => Operation::parse(name),
        Single::Absent | Single::Unusable => None,
    }
    .ok_or_else(|| ApiError::InvalidApiName(as_received(headers, header::API_NAME)))
}

fn check_date(headers: &Headers<'_>, now: Timestamp) -> Result<(), ApiError> {
    let Single::Once(text) = headers.single(header::DATE) else {
        return Err(ApiError::InvalidDate);
    };
    let sent = date::parse(text).ok_or(ApiError::InvalidDate)?;
    // The header has whole seconds, so `now` is truncated to seconds too.
    if sent.unix_s().abs_diff(now.unix_s()) > DATE_SKEW_S_MAX.unsigned_abs() {
        return Err(ApiError::RequestTimeTooSkewed);
    }
    Ok(())
}

fn check_signature_method(headers: &Headers<'_>) -> Result<(), ApiError> {
    match headers.single(header::SIGNATURE_METHOD) {
        Single::Once(header::SIGNATURE_METHOD_VALUE) => Ok(()),
        Single::Absent => Err(ApiError::MissingSignatureMethod),
        _ => Err(ApiError::UnsupportedSignatureMethod(as_received(headers, header::SIGNATURE_METHOD))),
    }
}

fn client_key_id(headers: &Headers<'_>) -> Result<String, ApiError> {
    match headers.single(header::ACCESS_KEY_ID) {
        Single::Once(id) if !id.is_empty() => Ok(id.to_owned()),
        // Repeated or not UTF-8: no client key has such an id.
        Single::Unusable => Err(ApiError::UnknownClientKey(as_received(headers, header::ACCESS_KEY_ID))),
        Single::Once(_) | Single::Absent => Err(ApiError::MissingAccessKeyId),
    }
}

fn signature(headers: &Headers<'_>) -> Result<Vec<u8>, ApiError> {
    match headers.single(header::AUTHORIZATION) {
        Single::Once(value) => header::parse_authorization(value),
        Single::Absent | Single::Unusable => None,
    }
    .ok_or(ApiError::InvalidAuthorization)
}

fn check_content_sha256(request: &HashedRequest<'_>) -> Result<(), ApiError> {
    let expected = header::format_content_sha256(request.body_sha256);
    match request.headers.single(header::CONTENT_SHA256) {
        Single::Once(value) if value.eq_ignore_ascii_case(&expected) => Ok(()),
        // The hash binds the body to the signature; only an empty body needs no hash.
        Single::Absent if request.body_bytes == 0 => Ok(()),
        _ => Err(ApiError::InvalidContentSha256),
    }
}

/// The hash in the headers, if there is one.
fn content_sha256(headers: &Headers<'_>) -> Option<[u8; 32]> {
    let Single::Once(value) = headers.single(header::CONTENT_SHA256) else { return None };
    let mut hash = [0; 32];
    hex::decode_to_slice(value, &mut hash).ok().map(|()| hash)
}

fn migration_key_version_id(headers: &Headers<'_>) -> Result<Option<KeyVersionId>, ApiError> {
    match headers.single(header::MIGRATION_KEY_VERSION_ID) {
        Single::Absent | Single::Once("") => Ok(None),
        Single::Once(id) => {
            KeyVersionId::parse(id).map(Some).ok_or(ApiError::InvalidParameter(header::MIGRATION_KEY_VERSION_ID))
        }
        Single::Unusable => Err(ApiError::InvalidParameter(header::MIGRATION_KEY_VERSION_ID)),
    }
}

/// The first value as text for an error message; empty if there is none.
fn as_received(headers: &Headers<'_>, name: &str) -> String {
    headers.values(name).next().map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}
