//! Signature scheme V3, `ACS3-HMAC-SHA256` in RPC style (rpc-api 3.2), for client and server.
//!
//! The signature covers the received values of the headers that `SignedHeaders` names. A request that does not sign the
//! headers that identify it is refused before any signature is computed. Nothing here copies received data: the canonical
//! request is written to a digest piece by piece.

use claviger_base::Timestamp;
use claviger_base::limits::DATE_SKEW_S_MAX;

use super::error::RpcError;
use super::query::Query;
use super::{form, header};
use crate::headers::{Headers, Single};

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Longest accepted nonce, characters.
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

    /// Formats the value as official SDKs do.
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

/// The parts of a canonical request (rpc-api 3.2), which the signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// All headers, `host` among them.
    pub headers: &'a Headers<'a>,
    /// `SignedHeaders` as sent.
    pub signed_headers: &'a str,
    /// Lower-case hexadecimal SHA-256 of the raw body.
    pub payload_hash: &'a str,
}

impl Signed<'_> {
    /// Writes the canonical request piece by piece, so that it can be hashed without allocation. `query` is decoded and
    /// sorted.
    pub fn write_canonical<'q>(&self, query: impl IntoIterator<Item = (&'q str, &'q str)>, out: &mut dyn FnMut(&[u8])) {
        self.write(query, |_name| false, out);
    }

    /// The canonical request for an error message: `[hidden]` replaces values that may be secret, and the text is truncated
    /// to [`SHOWN_BYTES_MAX`].
    #[must_use]
    pub fn redacted<'q>(&self, query: impl IntoIterator<Item = (&'q str, &'q str)>) -> String {
        let mut shown = Vec::new();
        let mut is_truncated = false;
        self.write(query, is_secret, &mut |piece: &[u8]| {
            let remaining = SHOWN_BYTES_MAX.saturating_sub(shown.len());
            is_truncated |= piece.len() > remaining;
            shown.extend_from_slice(piece.get(..remaining.min(piece.len())).unwrap_or_default());
        });
        let mut shown = String::from_utf8_lossy(&shown).into_owned();
        if is_truncated {
            shown.push_str("...");
        }
        shown
    }

    fn write<'q>(
        &self,
        query: impl IntoIterator<Item = (&'q str, &'q str)>,
        is_hidden: impl Fn(&str) -> bool,
        out: &mut dyn FnMut(&[u8]),
    ) {
        out(self.method.as_bytes());
        out(b"\n/\n");
        for (at, (name, value)) in query.into_iter().enumerate() {
            if at > 0 {
                out(b"&");
            }
            form::write_percent_encoded(name, &mut |piece| out(piece.as_bytes()));
            out(b"=");
            if is_hidden(name) {
                out(HIDDEN);
            } else {
                form::write_percent_encoded(value, &mut |piece| out(piece.as_bytes()));
            }
        }
        out(b"\n");
        for name in self.signed_headers.split(';') {
            out(name.to_ascii_lowercase().as_bytes());
            out(b":");
            let of_name = self.headers.iter().filter(|(received, _)| received.eq_ignore_ascii_case(name));
            let mut values: Vec<_> = of_name.map(|(_, value)| value).collect();
            values.sort_unstable();
            for (at, value) in values.into_iter().enumerate() {
                if at > 0 {
                    out(b",");
                }
                out(if is_hidden(name) { HIDDEN } else { value });
            }
            out(b"\n");
        }
        for piece in ["\n", self.signed_headers, "\n", self.payload_hash] {
            out(piece.as_bytes());
        }
    }
}

/// Replaces a secret in an error message.
const HIDDEN: &[u8] = b"[hidden]";

/// Longest canonical request in an error message, bytes.
pub const SHOWN_BYTES_MAX: usize = 4096;

/// Whether the value of a parameter or header with this name may be secret. Matches parts of names, so that it also covers
/// the parameters of future actions.
fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "password",
        "passphrase",
        "secretdata",
        "secretvalue",
        "plaintext",
        "privatekey",
        "keymaterial",
        "token",
        "authorization",
    ];
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word)) || name == "cookie" || name == "message"
}

/// The string to sign with HMAC-SHA256 under the access key secret, from the SHA-256 of the canonical request.
#[must_use]
pub fn string_to_sign(canonical_sha256: &[u8; 32]) -> String {
    format!("{ALGORITHM}\n{}", hex::encode(canonical_sha256))
}

/// The head of a request, with its query decoded.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The HTTP method, upper case.
    pub method: &'a str,
    /// The query.
    pub query: &'a Query<'a>,
    /// All headers, `host` among them.
    pub headers: &'a Headers<'a>,
}

/// The parsed head of a well-formed V3 request. Nothing in it is authenticated until [`Self::signature`] verifies
/// over [`string_to_sign`] of the SHA-256 of [`Self::write_canonical`], and [`check_body`] passes. If the signature
/// does not verify, answer [`Self::mismatch`].
#[derive(Debug, Clone)]
pub struct SignedRequest<'a> {
    /// The claimed access key. Look it up before hashing anything.
    pub access_key_id: &'a str,
    /// Token of temporary credentials, if any.
    pub security_token: Option<&'a str>,
    /// Once the signature has verified, remember it for twice the permitted clock skew.
    pub nonce: &'a str,
    /// HMAC-SHA256 as received; compare in constant time.
    pub signature: [u8; 32],
    /// SHA-256 of the body, as declared by the headers.
    pub content_sha256: [u8; 32],
    head: RequestHead<'a>,
    signed_headers: &'a str,
}

impl<'a> SignedRequest<'a> {
    /// Checks the form, the minimum set of signed headers, the date against real time `now`, and the nonce. Hashes nothing.
    ///
    /// # Errors
    /// [`RpcError::IncompleteSignature`], [`RpcError::IllegalTimestamp`], [`RpcError::TimestampFormat`],
    /// [`RpcError::TimestampExpired`], [`RpcError::InvalidParameter`] for the nonce.
    pub fn check(head: &RequestHead<'a>, now: Timestamp) -> Result<Self, RpcError> {
        let headers = head.headers;
        let authorization = match headers.single(header::AUTHORIZATION) {
            Single::Once(value) => Authorization::parse(value),
            Single::Absent | Single::Unusable => None,
        };
        let authorization = authorization.ok_or(RpcError::IncompleteSignature(
            "Send one Authorization header: ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...",
        ))?;
        check_signed_set(headers, authorization.signed_headers)?;
        check_date(headers, now)?;
        let mut content_sha256 = [0; 32];
        hex::decode_to_slice(once(headers, header::CONTENT_SHA256)?, &mut content_sha256)
            .map_err(|_malformed| BODY_MISMATCH)?;
        let nonce = once(headers, header::SIGNATURE_NONCE)?;
        if nonce.is_empty() || nonce.len() > NONCE_CHARS_MAX {
            return Err(RpcError::invalid(header::SIGNATURE_NONCE));
        }
        let security_token = match headers.single(header::SECURITY_TOKEN) {
            Single::Absent => None,
            Single::Once(_) | Single::Unusable => Some(once(headers, header::SECURITY_TOKEN)?),
        };
        Ok(Self {
            access_key_id: authorization.access_key_id,
            security_token,
            nonce,
            signature: authorization.signature,
            content_sha256,
            head: *head,
            signed_headers: authorization.signed_headers,
        })
    }

    /// Writes the canonical request piece by piece, for hashing.
    pub fn write_canonical(&self, out: &mut dyn FnMut(&[u8])) {
        let payload_hash = hex::encode(self.content_sha256);
        self.signed(&payload_hash).write_canonical(self.head.query.iter(), out);
    }

    fn signed<'s>(&'s self, payload_hash: &'s str) -> Signed<'s> {
        let RequestHead { method, headers, .. } = self.head;
        Signed { method, headers, signed_headers: self.signed_headers, payload_hash }
    }

    /// The error to answer when the signature of a known access key does not verify (rpc-api 4.4).
    #[must_use]
    pub fn mismatch(&self, string_to_sign: String) -> RpcError {
        let payload_hash = hex::encode(self.content_sha256);
        let canonical_request = self.signed(&payload_hash).redacted(self.head.query.iter());
        RpcError::SignatureDoesNotMatch { string_to_sign, canonical_request }
    }
}

/// Checks that the received body has the hash in the headers.
///
/// # Errors
/// [`RpcError::IncompleteSignature`].
pub fn check_body(content_sha256: &[u8; 32], body_sha256: &[u8; 32]) -> Result<(), RpcError> {
    if content_sha256 == body_sha256 { Ok(()) } else { Err(BODY_MISMATCH) }
}

const BODY_MISMATCH: RpcError = RpcError::IncompleteSignature("x-acs-content-sha256 is not the hash of the body.");

/// Most names in `SignedHeaders`: the server's limit of headers per request, and hyper's for HTTP/1.1.
pub const SIGNED_HEADERS_MAX: usize = 100;

/// Refuses repeated names and names of absent headers, so that the hashed text is never longer than the request.
fn check_signed_set(headers: &Headers<'_>, signed_headers: &str) -> Result<(), RpcError> {
    let names = || signed_headers.split(';');
    if names().take(SIGNED_HEADERS_MAX + 1).count() > SIGNED_HEADERS_MAX {
        return Err(RpcError::IncompleteSignature("SignedHeaders names more than 100 headers."));
    }
    let is_repeated = |(at, name): (usize, &str)| names().take(at).any(|before| before.eq_ignore_ascii_case(name));
    if names().enumerate().any(is_repeated) {
        return Err(RpcError::IncompleteSignature("SignedHeaders names a header twice."));
    }
    let is_signed = |wanted: &str| names().any(|name| name.eq_ignore_ascii_case(wanted));
    let has_token = headers.values(header::SECURITY_TOKEN).next().is_some();
    if !SIGNED_MINIMUM.into_iter().all(is_signed) || (has_token && !is_signed(header::SECURITY_TOKEN)) {
        return Err(RpcError::IncompleteSignature(
            "SignedHeaders must name host, x-acs-action, x-acs-content-sha256, x-acs-date, x-acs-signature-nonce, \
             x-acs-version, and x-acs-security-token where it is sent.",
        ));
    }
    let is_present = |name: &str| headers.iter().any(|(received, _)| received.eq_ignore_ascii_case(name));
    if !names().all(is_present) {
        return Err(RpcError::IncompleteSignature("SignedHeaders names a header that was not sent."));
    }
    SIGNED_MINIMUM.into_iter().try_for_each(|name| once(headers, name).map(drop))
}

fn check_date(headers: &Headers<'_>, now: Timestamp) -> Result<(), RpcError> {
    let text = once(headers, header::DATE)?;
    if text.is_empty() {
        return Err(RpcError::IllegalTimestamp);
    }
    let signed_at = Timestamp::parse_iso8601(text).ok_or(RpcError::TimestampFormat)?;
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
