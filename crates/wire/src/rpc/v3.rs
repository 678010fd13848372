//! Signature scheme V3, `ACS3-HMAC-SHA256` in RPC style (openapi.md 3.2), the same functions for both sides.
//!
//! The rule it keeps: what is signed is taken from the request as received, by the names in its own `SignedHeaders`,
//! and a request that leaves out what identifies it is refused before any signature is computed.

use claviger_base::Timestamp;
use claviger_base::limits::DATE_SKEW_S_MAX;

use super::{Parameters, RpcError, form, header};
use crate::headers::{Headers, Single};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Longest nonce that is remembered, characters.
const NONCE_CHARS_MAX: usize = 256;

/// Headers that must be signed.
const SIGNED_MINIMUM: [&str; 6] =
    [header::HOST, header::ACTION, header::VERSION, header::DATE, header::SIGNATURE_NONCE, header::CONTENT_SHA256];

/// The parts of an `Authorization` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// `Credential`: the access key id.
    pub access_key_id: &'a str,
    /// `SignedHeaders`: lower-case names joined with `;`, as sent.
    pub signed_headers: &'a str,
    /// `Signature`: HMAC-SHA256.
    pub signature: [u8; 32],
}

impl<'a> Authorization<'a> {
    /// Reads `ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...`: each part once, in any order.
    #[must_use]
    pub fn parse(value: &'a str) -> Option<Self> {
        let parts = value.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let (mut access_key_id, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let slot = match name {
                "Credential" => &mut access_key_id,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return None,
            };
            if value.is_empty() || slot.replace(value).is_some() {
                return None;
            }
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(signature?, &mut bytes).ok()?;
        Some(Self { access_key_id: access_key_id?, signed_headers: signed_headers?, signature: bytes })
    }

    /// Writes the value as official SDKs do.
    #[must_use]
    pub fn format(&self) -> String {
        let Self { access_key_id, signed_headers, signature } = self;
        let signature = hex::encode(signature);
        format!("{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}")
    }
}

/// The `SignedHeaders` a client uses: `host`, `content-type` and every `x-acs-*`, sorted, joined with `;`.
#[must_use]
pub fn signed_headers(headers: &Headers<'_>) -> String {
    let is_signed = |name: &str| matches!(name, "host" | "content-type") || name.starts_with("x-acs-");
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name).filter(|name| is_signed(name)).collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

/// The canonical request. `query` is decoded; `payload_hash` is the lower-case hexadecimal SHA-256 of the raw body.
#[must_use]
pub fn canonical_request<'q>(
    method: &str,
    query: impl IntoIterator<Item = (&'q str, &'q str)>,
    headers: &Headers<'_>,
    signed_headers: &str,
    payload_hash: &str,
) -> Vec<u8> {
    let mut out = format!("{method}\n/\n{}\n", form::encode(query)).into_bytes();
    for name in signed_headers.split(';') {
        let name = name.to_ascii_lowercase();
        let mut values: Vec<_> = headers.values(&name).collect();
        values.sort_unstable();
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(&values.join(&b','));
        out.push(b'\n');
    }
    out.extend_from_slice(format!("\n{signed_headers}\n{payload_hash}").as_bytes());
    out
}

/// The string to sign with HMAC-SHA256 under the access key secret.
#[must_use]
pub fn string_to_sign(canonical_request: &[u8], sha256: impl Fn(&[u8]) -> [u8; 32]) -> String {
    format!("{ALGORITHM}\n{}", hex::encode(sha256(canonical_request)))
}

/// A request as it arrived, its parameters already decoded.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// Query and form.
    pub parameters: &'a Parameters,
    /// All headers, `host` among them.
    pub headers: &'a Headers<'a>,
    /// SHA-256 of the raw body.
    pub body_sha256: &'a [u8; 32],
}

/// What a well-formed V3 request says about itself. Nothing in it is authenticated until [`Self::signature`] verifies
/// over [`Self::string_to_sign`]; on failure answer [`Self::mismatch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// Who claims to call.
    pub access_key_id: String,
    /// Token of temporary credentials, if any.
    pub security_token: Option<String>,
    /// To be remembered for twice the window, after the signature has verified.
    pub nonce: String,
    /// What was signed.
    pub string_to_sign: String,
    /// HMAC-SHA256 as received; compare in constant time.
    pub signature: [u8; 32],
}

impl SignedRequest {
    /// Checks shape, minimum signed set, date against real time `now`, and body hash, and builds the string to sign.
    ///
    /// # Errors
    /// [`RpcError::IncompleteSignature`], [`RpcError::IllegalTimestamp`], [`RpcError::TimestampExpired`],
    /// [`RpcError::InvalidParameter`] for the nonce.
    pub fn check(
        received: &Received<'_>,
        now: Timestamp,
        sha256: impl Fn(&[u8]) -> [u8; 32],
    ) -> Result<Self, RpcError> {
        let headers = received.headers;
        let authorization = match headers.single(header::AUTHORIZATION) {
            Single::Once(value) => Authorization::parse(value),
            Single::Absent | Single::Unusable => None,
        };
        let authorization = authorization.ok_or(RpcError::IncompleteSignature(
            "Send one Authorization header: ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...",
        ))?;
        check_signed_set(headers, authorization.signed_headers)?;
        check_date(headers, now)?;
        let payload_hash = hex::encode(received.body_sha256);
        if !once(headers, header::CONTENT_SHA256)?.eq_ignore_ascii_case(&payload_hash) {
            return Err(RpcError::IncompleteSignature("x-acs-content-sha256 is not the hash of the body."));
        }
        let nonce = once(headers, header::SIGNATURE_NONCE)?;
        if nonce.is_empty() || nonce.len() > NONCE_CHARS_MAX {
            return Err(RpcError::invalid(header::SIGNATURE_NONCE));
        }
        let security_token = match headers.single(header::SECURITY_TOKEN) {
            Single::Absent => None,
            Single::Once(_) | Single::Unusable => Some(once(headers, header::SECURITY_TOKEN)?.to_owned()),
        };
        let query = received.parameters.query();
        let canonical = canonical_request(received.method, query, headers, authorization.signed_headers, &payload_hash);
        Ok(Self {
            access_key_id: authorization.access_key_id.to_owned(),
            security_token,
            nonce: nonce.to_owned(),
            string_to_sign: string_to_sign(&canonical, sha256),
            signature: authorization.signature,
        })
    }

    /// The error to answer when the signature does not verify (openapi.md 4.4).
    #[must_use]
    pub fn mismatch(self) -> RpcError {
        RpcError::SignatureDoesNotMatch { string_to_sign: self.string_to_sign }
    }
}

fn check_signed_set(headers: &Headers<'_>, signed_headers: &str) -> Result<(), RpcError> {
    let is_signed = |wanted: &str| signed_headers.split(';').any(|name| name.eq_ignore_ascii_case(wanted));
    let has_token = headers.values(header::SECURITY_TOKEN).next().is_some();
    if !SIGNED_MINIMUM.into_iter().all(is_signed) || (has_token && !is_signed(header::SECURITY_TOKEN)) {
        return Err(RpcError::IncompleteSignature(
            "SignedHeaders must name host, x-acs-action, x-acs-content-sha256, x-acs-date, x-acs-signature-nonce, \
             x-acs-version, and x-acs-security-token where it is sent.",
        ));
    }
    let is_present = |name: &str| headers.values(&name.to_ascii_lowercase()).next().is_some();
    if !signed_headers.split(';').all(is_present) {
        return Err(RpcError::IncompleteSignature("SignedHeaders names a header that was not sent."));
    }
    SIGNED_MINIMUM.into_iter().try_for_each(|name| once(headers, name).map(drop))
}

fn check_date(headers: &Headers<'_>, now: Timestamp) -> Result<(), RpcError> {
    let signed_at = Timestamp::parse_iso8601(once(headers, header::DATE)?).ok_or(RpcError::IllegalTimestamp)?;
    if signed_at.unix_s().abs_diff(now.unix_s()) > DATE_SKEW_S_MAX.unsigned_abs() {
        return Err(RpcError::TimestampExpired);
    }
    Ok(())
}

fn once<'a>(headers: &Headers<'a>, name: &str) -> Result<&'a str, RpcError> {
    match headers.single(name) {
        Single::Once(value) => Ok(value),
        Single::Absent | Single::Unusable => {
            Err(RpcError::IncompleteSignature("Send each signed header once, in UTF-8."))
        }
    }
}
