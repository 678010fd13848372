//! The canonical string that a client key signs (instance-api 1.3), for client and server.
//!
//! It covers every received `x-kms-*` header, not a fixed list.

use super::header;
use crate::headers::Headers;

/// The bytes to sign or verify for a `POST /` with these headers.
///
/// A header that is absent contributes an empty line. Headers of the same name keep their order of arrival.
#[must_use]
pub fn string_to_sign(headers: &Headers<'_>) -> Vec<u8> {
    let mut out = b"POST\n".to_vec();
    for name in [header::CONTENT_SHA256, header::CONTENT_TYPE, header::DATE] {
        out.extend_from_slice(headers.values(name).next().unwrap_or_default());
        out.push(b'\n');
    }
    let mut signed: Vec<_> = headers.iter().filter(|(name, _)| name.starts_with(header::KMS_PREFIX)).collect();
    signed.sort_by_key(|(name, _)| *name);
    let length: usize = signed.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    out.reserve_exact(length + 1);
    for (name, value) in signed {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(value);
        out.push(b'\n');
    }
    out.push(b'/');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: &[u8] = b"A23B50296BB1588FE17F6B48FCAC851107236794C20C4772473E1A07E8EBC47E";
    /// The example of instance-api 1.3.
    const EXPECTED: &str = "POST\n\
        A23B50296BB1588FE17F6B48FCAC851107236794C20C4772473E1A07E8EBC47E\n\
        application/x-protobuf\n\
        Mon, 23 Nov 2026 20:32:35 GMT\n\
        x-kms-acccesskeyid:KAAP.66abf237-63f6-4625-b8cf-47e1086e0000\n\
        x-kms-apiname:GenerateRandom\n\
        x-kms-apiversion:dkms-gcs-0.2\n\
        x-kms-signaturemethod:RSA_PKCS1_SHA_256\n\
        /";

    fn example() -> Vec<(&'static str, &'static [u8])> {
        vec![
            ("host", b"127.0.0.1"),
            ("X-KMS-SignatureMethod", b"RSA_PKCS1_SHA_256"),
            ("content-sha256", SHA256),
            ("x-kms-apiversion", b" dkms-gcs-0.2 "),
            ("date", b"Mon, 23 Nov 2026 20:32:35 GMT"),
            ("x-kms-apiname", b"GenerateRandom"),
            ("content-type", b"application/x-protobuf"),
            ("x-kms-acccesskeyid", b"KAAP.66abf237-63f6-4625-b8cf-47e1086e0000"),
        ]
    }

    fn text(headers: Vec<(&'static str, &'static [u8])>) -> String {
        String::from_utf8(string_to_sign(&Headers::new(headers))).unwrap()
    }

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(text(example()), EXPECTED);
    }

    #[test]
    fn an_unknown_kms_header_is_covered_too() {
        let mut headers = example();
        headers.push(("X-Kms-Foo", b"bar"));
        let with_foo = EXPECTED.replace("x-kms-signaturemethod", "x-kms-foo:bar\nx-kms-signaturemethod");
        assert_eq!(text(headers), with_foo);
    }

    #[test]
    fn a_second_value_of_a_signed_header_changes_the_string() {
        let mut headers = example();
        headers.push(("x-kms-apiname", b"Decrypt"));
        assert!(text(headers).contains("x-kms-apiname:GenerateRandom\nx-kms-apiname:Decrypt\n"));
    }

    #[test]
    fn absent_headers_leave_empty_lines() {
        assert_eq!(text(vec![("x-kms-apiname", b"Encrypt")]), "POST\n\n\n\nx-kms-apiname:Encrypt\n/");
    }
}
