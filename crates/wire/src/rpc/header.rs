//! Header names of the control plane (rpc-api 3.2, 4.1) and the only content type that clients accept.

/// Operation name.
pub const ACTION: &str = "x-acs-action";
/// API version.
pub const VERSION: &str = "x-acs-version";
/// Date of signing, `yyyy-MM-ddTHH:mm:ssZ`.
pub const DATE: &str = "x-acs-date";
/// A string the client uses once.
pub const SIGNATURE_NONCE: &str = "x-acs-signature-nonce";
/// Lower-case hexadecimal SHA-256 of the body.
pub const CONTENT_SHA256: &str = "x-acs-content-sha256";
/// Token of temporary credentials.
pub const SECURITY_TOKEN: &str = "x-acs-security-token";
/// Credentials of another kind, refused.
pub const BEARER_TOKEN: &str = "x-acs-bearer-token";
/// Signature scheme, credential and signature.
pub const AUTHORIZATION: &str = "authorization";
/// Includes the port, if there is one. On HTTP/2 the server must copy `:authority` here.
pub const HOST: &str = "host";
/// Set on every answer, in addition to `RequestId` in the body.
pub const REQUEST_ID: &str = "x-acs-request-id";

/// The only API version.
pub const API_VERSION_VALUE: &str = "2016-01-20";
/// The content type of every answer; the old Java SDK compares it literally.
pub const JSON_CONTENT_TYPE: &str = "application/json;charset=utf-8";
/// The content type of a request's body.
pub const FORM_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";
