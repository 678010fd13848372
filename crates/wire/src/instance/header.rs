//! Header names and the `authorization` value (instance-api 1.2, 1.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The prefix of the headers that the signature covers.
pub const KMS_PREFIX: &str = "x-kms-";
/// The client key id. Spelled with three c's by Alibaba Cloud.
pub const ACCESS_KEY_ID: &str = "x-kms-acccesskeyid";
/// The operation name.
pub const API_NAME: &str = "x-kms-apiname";
/// Always [`API_VERSION_VALUE`].
pub const API_VERSION: &str = "x-kms-apiversion";
/// Always [`SIGNATURE_METHOD_VALUE`].
pub const SIGNATURE_METHOD: &str = "x-kms-signaturemethod";
/// Request: the key version to use. Response: the key version used (instance-api 6.3).
pub const MIGRATION_KEY_VERSION_ID: &str = "x-kms-migrationkeyversionid";
/// `Bearer <base64>` from SDKs, `TOKEN <base64>` in the documents.
pub const AUTHORIZATION: &str = "authorization";
/// Upper-case hexadecimal SHA-256 of the body.
pub const CONTENT_SHA256: &str = "content-sha256";
/// Always [`CONTENT_TYPE_VALUE`].
pub const CONTENT_TYPE: &str = "content-type";
/// Always [`CONTENT_TYPE_VALUE`].
pub const ACCEPT: &str = "accept";
/// See [`super::date`].
pub const DATE: &str = "date";

/// The only protocol version.
pub const API_VERSION_VALUE: &str = "dkms-gcs-0.2";
/// The only signature method.
pub const SIGNATURE_METHOD_VALUE: &str = "RSA_PKCS1_SHA_256";
/// The media type of every request, answer and error.
pub const CONTENT_TYPE_VALUE: &str = "application/x-protobuf";

/// Longest accepted signature, bytes: twice the length of an RSA_4096 signature.
const SIGNATURE_BYTES_MAX: usize = 1024;

/// The signature in an `authorization` value: scheme `Bearer` or `TOKEN` in any case, then padded standard base64.
#[must_use]
pub fn parse_authorization(value: &str) -> Option<Vec<u8>> {
    let (scheme, text) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Bearer") && !scheme.eq_ignore_ascii_case("TOKEN") {
        return None;
    }
    let signature = STANDARD.decode(text.trim_start()).ok()?;
    (1..=SIGNATURE_BYTES_MAX).contains(&signature.len()).then_some(signature)
}

/// The `authorization` value for `signature`, as official SDKs write it.
#[must_use]
pub fn format_authorization(signature: &[u8]) -> String {
    format!("Bearer {}", STANDARD.encode(signature))
}

/// The `content-sha256` value: upper-case hexadecimal.
#[must_use]
pub fn format_content_sha256(digest: &[u8; 32]) -> String {
    hex::encode_upper(digest)
}

/// Whether this API accepts the media type `value`: [`CONTENT_TYPE_VALUE`] in any case, parameters ignored.
#[must_use]
pub fn is_protobuf(value: &str) -> bool {
    value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case(CONTENT_TYPE_VALUE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_schemes_are_accepted_in_any_case() {
        for value in ["Bearer AQID", "TOKEN AQID", "bearer AQID", "Token  AQID", " tOkEn AQID "] {
            assert_eq!(parse_authorization(value).as_deref(), Some([1, 2, 3].as_slice()), "{value}");
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let long = format!("Bearer {}", STANDARD.encode([0; SIGNATURE_BYTES_MAX + 1]));
        let bad = [
            "",
            "Bearer",
            "Bearer ",
            "AQID",
            "Basic AQID",
            "Bearer AQI",
            "Bearer AQI*",
            "BearerAQID",
            "Bearer AQID AQID",
        ];
        for value in bad.into_iter().chain([long.as_str()]) {
            assert_eq!(parse_authorization(value), None, "{value}");
        }
    }

    #[test]
    fn content_types() {
        for value in ["application/x-protobuf", "Application/X-Protobuf", "application/x-protobuf; charset=utf-8"] {
            assert!(is_protobuf(value), "{value}");
        }
        for value in ["", "application/json", "application/x-protobuf2", "text/plain; application/x-protobuf"] {
            assert!(!is_protobuf(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_authorization_parses(signature in prop::collection::vec(any::<u8>(), 1..600)) {
            prop_assert_eq!(parse_authorization(&format_authorization(&signature)), Some(signature));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,60}") {
            let _ = parse_authorization(&text);
        }
    }
}
