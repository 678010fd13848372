//! Scheme V3 against the vectors of rpc-api 3.2, captured from official SDKs, and its refusals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use aws_lc_rs::{digest, hmac};
use claviger_base::Timestamp;
use claviger_wire::headers::Headers;
use claviger_wire::rpc::v3::{self, Authorization, RequestHead, SignedRequest};
use claviger_wire::rpc::{Query, RpcError};
use proptest::prelude::*;

const NONCE: &str = "0123456789abcdef0123456789abcdef";
const USER_AGENT: &str = "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2";
const QUERY_A: &str = "EncryptionContext=%7B%22k%22%3A%22v%20%C3%A9%22%7D&KeyId=alias%2Fa%20b%2A~&Plaintext=aGk%3D";
const SIGNATURE_A: &str = "a583b6a59ed756b6ec167a64e6454865a82efde1fa59aadd9c72f630bb1bcd56";
const CANONICAL_A_SHA256: &str = "7e26eba269cbfd23f175e0944eb2e5ac787c43f71b2c9260df08d067278811ac";

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().unwrap()
}

/// The content of a checked request, and the text that its signature must cover.
#[derive(Debug, PartialEq)]
struct Checked {
    access_key_id: String,
    security_token: Option<String>,
    nonce: String,
    signature: [u8; 32],
    string_to_sign: String,
    mismatch: RpcError,
}

/// A request of the Python SDK, which signs every header it sets.
#[derive(Clone)]
struct Request {
    query: String,
    body: &'static str,
    headers: Vec<(&'static str, String)>,
    access_key_id: &'static str,
    signature: String,
}

impl Request {
    fn new(action: &str, query: &str, body: &'static str, signature: &str) -> Self {
        let headers = [
            ("accept", "application/json"),
            ("host", "127.0.0.1:18080"),
            ("user-agent", USER_AGENT),
            ("x-acs-action", action),
            ("x-acs-content-sha256", &hex::encode(sha256(body.as_bytes()))),
            ("x-acs-credentials-provider", "static_ak"),
            ("x-acs-date", "2026-01-02T03:04:05Z"),
            ("x-acs-signature-nonce", NONCE),
            ("x-acs-version", "2016-01-20"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
        Self { query: query.into(), body, headers, access_key_id: "testid", signature: signature.into() }
    }

    fn a() -> Self {
        Self::new("Encrypt", QUERY_A, "", SIGNATURE_A)
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn check_signing(&self, signed_headers: &str, now: &str) -> Result<Checked, RpcError> {
        let mut signature = [0; 32];
        hex::decode_to_slice(&self.signature, &mut signature).unwrap();
        let authorization = Authorization { access_key_id: self.access_key_id, signed_headers, signature }.format();
        let mut received: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        received.push(("Authorization", authorization.as_bytes()));
        let headers = Headers::new(received);
        let query = Query::decode(&self.query).unwrap();
        let request = RequestHead { method: "POST", query: &query, headers: &headers };
        let signed = SignedRequest::check(&request, Timestamp::parse_iso8601(now).unwrap())?;
        v3::check_body(&signed.content_sha256, &sha256(self.body.as_bytes()))?;
        let mut canonical = digest::Context::new(&digest::SHA256);
        signed.write_canonical(&mut |piece| canonical.update(piece));
        let string_to_sign = v3::string_to_sign(canonical.finish().as_ref().try_into().unwrap());
        Ok(Checked {
            mismatch: signed.mismatch(string_to_sign.clone()),
            access_key_id: signed.access_key_id.to_owned(),
            security_token: signed.security_token.map(str::to_owned),
            nonce: signed.nonce.to_owned(),
            signature: signed.signature,
            string_to_sign,
        })
    }

    fn check(&self) -> Result<Checked, RpcError> {
        let mut names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        self.check_signing(&names.join(";"), "2026-01-02T03:04:05Z")
    }

    fn verifies(&self, secret: &str) -> bool {
        let signed = self.check().unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::verify(&key, signed.string_to_sign.as_bytes(), &signed.signature).is_ok()
    }
}

#[test]
fn v3_a() {
    assert!(Request::a().verifies("testsecret"));
    let signed = Request::a().check().unwrap();
    assert_eq!(signed.string_to_sign, format!("ACS3-HMAC-SHA256\n{CANONICAL_A_SHA256}"));
    assert_eq!((signed.access_key_id.as_str(), signed.nonce.as_str()), ("testid", NONCE));
    assert_eq!(signed.security_token, None);
}

#[test]
fn v3_a_with_plus_for_space_as_it_arrives() {
    let mut request = Request::a();
    request.query = request.query.replace("%20", "+");
    assert!(request.verifies("testsecret"));
}

#[test]
fn v3_b_form_body() {
    let query = "SecretName=s&VersionId=v1&VersionStages=%5B%22ACSCurrent%22%5D";
    let signature = "07843576b36c76cdeac2db1922a6b1ad16de9be85e098ed7937332be1b5fdc95";
    let request = Request::new("PutSecretValue", query, "SecretData=a+b%26c", signature)
        .with("content-type", "application/x-www-form-urlencoded");
    assert!(request.verifies("testsecret"));
}

#[test]
fn v3_c_lists() {
    let query = "RegionId=cn-hangzhou&ResourceId.1=k1&ResourceId.2=k2&ResourceType=key&Tag.1.Key=a&Tag.1.Value=b";
    let signature = "93624b392d577b0265d43792f213688da378ec1c2f9c48269b876ffd36e33113";
    assert!(Request::new("TagResources", query, "", signature).verifies("testsecret"));
}

#[test]
fn v3_d_temporary_credentials() {
    let mut request = Request::a()
        .with("x-acs-accesskey-id", "testid")
        .with("x-acs-security-token", "tok/en+1==")
        .with("x-acs-credentials-provider", "static_sts");
    request.signature = "b3989cd7ff083fc474ce501e779b3ccfbefb78e78a3c0561b463afe034fed743".into();
    assert!(request.verifies("testsecret"));
    assert_eq!(request.check().unwrap().security_token.as_deref(), Some("tok/en+1=="));
}

#[test]
fn v3_e_documentation() {
    let query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai";
    let mut request =
        Request::new("RunInstances", query, "", "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")
            .with("host", "ecs.cn-shanghai.aliyuncs.com")
            .with("x-acs-version", "2014-05-26")
            .with("x-acs-date", "2023-10-26T10:22:32Z")
            .with("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d");
    request.access_key_id = "YourAccessKeyId";
    let signed_headers = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let signed = request.check_signing(signed_headers, "2023-10-26T10:22:32Z").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"YourAccessKeySecret");
    hmac::verify(&key, signed.string_to_sign.as_bytes(), &signed.signature).unwrap();
}

#[test]
fn client_and_server_agree() {
    let request = Request::a();
    let headers = Headers::new(request.headers.iter().map(|(name, value)| (*name, value.as_bytes())));
    let names = v3::signed_headers(&headers);
    let expected = "host;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;\
        x-acs-version";
    assert_eq!(names, expected);
    let query = Query::decode(&request.query).unwrap();
    let payload_hash = hex::encode(sha256(b""));
    let signed = v3::Signed { method: "POST", headers: &headers, signed_headers: &names, payload_hash: &payload_hash };
    let mut canonical = Vec::new();
    signed.write_canonical(query.iter(), &mut |piece| canonical.extend_from_slice(piece));
    let checked = request.check_signing(&names, "2026-01-02T03:04:05Z").unwrap();
    assert_eq!(checked.string_to_sign, v3::string_to_sign(&sha256(&canonical)));
}

#[test]
fn any_change_changes_the_string_to_sign() {
    let changed = [
        Request::a().with("host", "127.0.0.1:18081"),
        Request::a().with("user-agent", "x"),
        Request::a().with("x-acs-action", "Decrypt"),
        Request::a().with("x-acs-signature-nonce", "other"),
        Request { query: "KeyId=alias%2Fother".into(), ..Request::a() },
        Request::new("Encrypt", QUERY_A, "KeyId=other", SIGNATURE_A),
    ];
    for (at, request) in changed.iter().enumerate() {
        assert!(!request.verifies("testsecret"), "{at}");
    }
    assert!(!Request::a().verifies("testsecret2"));
}

#[test]
fn a_mismatch_shows_the_hashed_text() {
    // Nothing in this request is secret, so the error shows exactly what was hashed.
    let query = "KeyId=alias%2Fa%20b%2A~&Description=%C3%A9";
    let checked = Request::new("DescribeKey", query, "", SIGNATURE_A).check().unwrap();
    let RpcError::SignatureDoesNotMatch { string_to_sign, canonical_request } = &checked.mismatch else { panic!() };
    assert_eq!(*string_to_sign, checked.string_to_sign);
    assert_eq!(v3::string_to_sign(&sha256(canonical_request.as_bytes())), checked.string_to_sign);
    let text = checked.mismatch.to_string();
    let start = "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains("] server CanonicalRequest is [POST\n/\nDescription=%C3%A9&KeyId=alias%2Fa%20b%2A~\n"));
}

#[test]
fn a_mismatch_hides_secrets_and_is_truncated() {
    let secrets = ["Password", "SecretData", "Plaintext", "PrivateKeyBlob", "EncryptedKeyMaterial", "ImportToken"];
    let query: Vec<_> = secrets.map(|name| format!("{name}=hunter2%21")).into();
    let request = Request::new("Any", &format!("{}&KeyId=k", query.join("&")), "", SIGNATURE_A)
        .with("x-acs-security-token", "hunter3");
    let text = request.check().unwrap().mismatch.to_string();
    assert!(!text.contains("hunter"), "{text}");
    for name in secrets {
        assert!(text.contains(&format!("{name}=[hidden]")), "{text}");
    }
    assert!(text.contains("&KeyId=k&") && text.contains("\nx-acs-security-token:[hidden]\n"), "{text}");
    let long = Request::new("Any", &format!("Description={}", "d".repeat(50_000)), "", SIGNATURE_A);
    let text = long.check().unwrap().mismatch.to_string();
    assert!(text.len() < v3::SHOWN_BYTES_MAX + 300 && text.ends_with("ddd...]"), "{}", text.len());
}

/// A `SignedHeaders` that named a long header thousands of times once made the server copy that header as often.
#[test]
fn repeated_or_too_many_signed_headers_are_refused() {
    let minimum = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let at = "2026-01-02T03:04:05Z";
    let request = Request::a().with("a", &"x".repeat(30_000));
    assert!(request.check_signing(&format!("a;{minimum}"), at).is_ok());
    let many: Vec<_> = (0..101).map(|number| format!("x-{number}")).collect();
    for signed in [
        format!("a;{minimum};a"),
        format!("a;{minimum};A"),
        format!("{minimum};HOST"),
        format!("{minimum}{}", ";a".repeat(15_000)),
        format!("{minimum};{}", many.join(";")),
    ] {
        let refused = request.check_signing(&signed, at);
        assert!(matches!(refused, Err(RpcError::IncompleteSignature(_))), "{}", signed.len());
    }
}

#[test]
fn the_identifying_headers_must_be_signed() {
    let minimum =
        ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"];
    let at = "2026-01-02T03:04:05Z";
    assert!(Request::a().check_signing(&minimum.join(";"), at).is_ok());
    for left_out in minimum {
        let names: Vec<_> = minimum.into_iter().filter(|name| *name != left_out).collect();
        let refused = Request::a().check_signing(&names.join(";"), at);
        assert!(matches!(refused, Err(RpcError::IncompleteSignature(_))), "{left_out}");
    }
    let with_token = Request::a().with("x-acs-security-token", "t");
    assert!(matches!(with_token.check_signing(&minimum.join(";"), at), Err(RpcError::IncompleteSignature(_))));
    let unsent = format!("{};x-acs-unsent", minimum.join(";"));
    assert!(matches!(Request::a().check_signing(&unsent, at), Err(RpcError::IncompleteSignature(_))));
    let mut twice = Request::a();
    twice.headers.push(("x-acs-action", "Decrypt".into()));
    assert!(matches!(twice.check_signing(&minimum.join(";"), at), Err(RpcError::IncompleteSignature(_))));
}

#[test]
fn date_body_hash_and_nonce_are_checked() {
    let names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let at = |now| Request::a().check_signing(names, now).map(drop);
    assert_eq!(at("2026-01-02T03:19:05Z"), Ok(()));
    assert_eq!(at("2026-01-02T02:49:05Z"), Ok(()));
    assert_eq!(at("2026-01-02T03:19:06Z"), Err(RpcError::TimestampExpired));
    assert_eq!(at("2026-01-02T02:49:04Z"), Err(RpcError::TimestampExpired));
    for another_form in
        ["today", "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05+00:00", "2026-01-02 03:04:05Z", "1767323045"]
    {
        let refused = Request::a().with("x-acs-date", another_form).check();
        assert_eq!(refused, Err(RpcError::TimestampFormat), "{another_form}");
    }
    assert_eq!(Request::a().with("x-acs-date", "").check(), Err(RpcError::IllegalTimestamp));
    let empty_nonce = Request::a().with("x-acs-signature-nonce", "").check();
    assert_eq!(empty_nonce, Err(RpcError::invalid("x-acs-signature-nonce")));
    let long_nonce = Request::a().with("x-acs-signature-nonce", &"n".repeat(257)).check();
    assert_eq!(long_nonce, Err(RpcError::invalid("x-acs-signature-nonce")));
    let other_hash = Request::a().with("x-acs-content-sha256", &"00".repeat(32)).check();
    assert!(matches!(other_hash, Err(RpcError::IncompleteSignature(_))));
}

#[test]
fn authorization_values_parse_or_are_refused() {
    let signature = "0".repeat(64);
    let good = [
        format!("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x,Signature={signature}"),
        format!("ACS3-HMAC-SHA256 Signature={signature}, SignedHeaders=host;x, Credential=a"),
    ];
    let expected = Authorization { access_key_id: "a", signed_headers: "host;x", signature: [0; 32] };
    for value in &good {
        assert_eq!(Authorization::parse(value), Some(expected.clone()), "{value}");
    }
    let bad = [
        String::new(),
        "ACS3-HMAC-SHA256".into(),
        format!("ACS4-HMAC-SHA256 Credential=a,SignedHeaders=h,Signature={signature}"),
        format!("ACS3-HMAC-SHA256 SignedHeaders=h,Signature={signature}"),
        format!("ACS3-HMAC-SHA256 Credential=,SignedHeaders=h,Signature={signature}"),
        format!("ACS3-HMAC-SHA256 Credential=a,Credential=b,SignedHeaders=h,Signature={signature}"),
        format!("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=h,Signature={signature},X=1"),
        format!("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=h,Signature={signature}0"),
        format!("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=h,Signature={}", "g".repeat(64)),
    ];
    for value in &bad {
        assert_eq!(Authorization::parse(value), None, "{value}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "(ACS3-HMAC-SHA256 )?\\PC{0,80}") {
        let _ = Authorization::parse(&text);
    }

    #[test]
    fn a_formatted_authorization_parses(id in "[A-Za-z0-9.]{1,30}", names in "[a-z-]{1,10}(;[a-z-]{1,10}){0,5}", signature: [u8; 32]) {
        let written = Authorization { access_key_id: &id, signed_headers: &names, signature };
        let value = written.format();
        prop_assert_eq!(Authorization::parse(&value), Some(written));
    }
}
