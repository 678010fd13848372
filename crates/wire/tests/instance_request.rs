//! The checks of request headers: each refusal, their order (instance-api 2, 7), and the tolerated variants.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use claviger_base::Timestamp;
use claviger_base::limits::BODY_BYTES_MAX;
use claviger_wire::headers::Headers;
use claviger_wire::instance::request::{HashedRequest, RequestHeaders};
use claviger_wire::instance::{ApiError, Operation};
use proptest::prelude::*;

const BODY_SHA256: [u8; 32] = [0xab; 32];
const VERSION_ID: &str = "key-hzz62f1cb66fa42qopd9s-17kedv0000";

fn now() -> Timestamp {
    Timestamp::parse_iso8601("2026-11-23T20:32:35Z").unwrap()
}

/// A valid request that tests modify.
#[derive(Clone)]
struct Request {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body_bytes: usize,
}

impl Request {
    fn good() -> Self {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("x-kms-apiversion", "dkms-gcs-0.2"),
            ("x-kms-apiname", "AdvanceGenerateDataKeyPair"),
            ("date", "Mon, 23 Nov 2026 20:32:35 GMT"),
            ("x-kms-signaturemethod", "RSA_PKCS1_SHA_256"),
            ("x-kms-acccesskeyid", "KAAP.66abf237-63f6-4625-b8cf-47e1086e0000"),
            ("authorization", "Bearer AQID"),
        ];
        let mut headers: Vec<_> = headers.map(|(name, value)| (name, value.to_owned())).into();
        headers.push(("content-sha256", "AB".repeat(32)));
        Self { method: "POST", path: "/", headers, body_bytes: 100 }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    fn twice(mut self, name: &'static str) -> Self {
        let value = self.headers.iter().find(|(other, _)| *other == name).unwrap().1.clone();
        self.headers.push((name, value));
        self
    }

    fn check(&self) -> Result<RequestHeaders, ApiError> {
        let headers = Headers::new(self.headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        let received = HashedRequest {
            method: self.method,
            path: self.path,
            headers: &headers,
            body_bytes: self.body_bytes,
            body_sha256: &BODY_SHA256,
        };
        RequestHeaders::check(&received, now())
    }
}

#[test]
fn a_good_request_passes() {
    let checked = Request::good().check().unwrap();
    assert_eq!(checked.operation, Operation::AdvanceGenerateDataKeyPair);
    assert_eq!(checked.client_key_id, "KAAP.66abf237-63f6-4625-b8cf-47e1086e0000");
    assert_eq!(checked.signature, [1, 2, 3]);
    assert_eq!(checked.migration_key_version_id, None);
    assert!(checked.string_to_sign.starts_with(b"POST\nABAB"));
}

#[test]
fn known_variants_of_clients_and_documents_are_tolerated() {
    let good = Request::good;
    let mut empty = good().without("content-type").without("content-sha256");
    empty.body_bytes = 0;
    let tolerated = [
        good().with("authorization", "TOKEN AQID"),
        good().with("content-sha256", &"ab".repeat(32)),
        good().with("date", "Mon, 23 Nov 2026 20:47:35 UTC"),
        good().with("date", "Mon, 23 Nov 2026 20:17:35 GMT"),
        good().with("x-kms-foo", "bar"),
        good().with("x-kms-migrationkeyversionid", ""),
        empty,
    ];
    for (at, request) in tolerated.iter().enumerate() {
        assert!(request.check().is_ok(), "{at}");
    }
}

#[test]
fn a_migration_version_id_is_read() {
    let checked = Request::good().with("x-kms-migrationkeyversionid", VERSION_ID).check().unwrap();
    assert_eq!(checked.migration_key_version_id.unwrap().as_str(), VERSION_ID);
    for bad in ["short", "key-hzz62f1cb66fa42qopd9s/17kedv0000"] {
        let refused = Request::good().with("x-kms-migrationkeyversionid", bad).check();
        assert_eq!(refused, Err(ApiError::InvalidParameter("x-kms-migrationkeyversionid")), "{bad}");
    }
}

type Modify = fn(Request) -> Request;

/// Modifications of a valid request with the error that each causes, in the order of instance-api 2.
fn refusals() -> Vec<(Modify, ApiError)> {
    vec![
        (|r| Request { path: "/x", ..r }, ApiError::UnknownPath),
        (|r| Request { method: "GET", ..r }, ApiError::MethodNotAllowed),
        (|r| Request { body_bytes: BODY_BYTES_MAX + 1, ..r }, ApiError::RequestEntityTooLarge),
        (|r| r.with("content-type", "application/json"), ApiError::InvalidContentType("application/json".into())),
        (|r| r.with("x-kms-apiversion", "0.1"), ApiError::InvalidApiVersion("0.1".into())),
        (|r| r.with("x-kms-apiname", "encrypt"), ApiError::InvalidApiName("encrypt".into())),
        (|r| r.with("date", "yesterday"), ApiError::InvalidDate),
        (|r| r.with("x-kms-signaturemethod", "MD5"), ApiError::UnsupportedSignatureMethod("MD5".into())),
        (|r| r.without("x-kms-acccesskeyid"), ApiError::MissingAccessKeyId),
        (|r| r.with("authorization", "Basic AQID"), ApiError::InvalidAuthorization),
        (|r| r.with("content-sha256", &"AC".repeat(32)), ApiError::InvalidContentSha256),
    ]
}

#[test]
fn each_check_refuses_and_the_first_failing_one_decides() {
    let refusals = refusals();
    for (at, (modify, expected)) in refusals.iter().enumerate() {
        assert_eq!(modify(Request::good()).check().as_ref(), Err(expected));
        for (modify_later, later) in &refusals[at + 1..] {
            let both = modify(modify_later(Request::good()));
            assert_eq!(both.check().as_ref(), Err(expected), "with {later:?}");
        }
    }
}

#[test]
fn absence_and_repetition_are_refused() {
    let good = Request::good;
    let cases = [
        (good().without("content-type"), ApiError::InvalidContentType(String::new())),
        (good().without("x-kms-apiversion"), ApiError::InvalidApiVersion(String::new())),
        (good().without("x-kms-apiname"), ApiError::InvalidApiName(String::new())),
        (good().without("date"), ApiError::InvalidDate),
        (good().without("x-kms-signaturemethod"), ApiError::MissingSignatureMethod),
        (good().with("x-kms-acccesskeyid", ""), ApiError::MissingAccessKeyId),
        (good().without("authorization"), ApiError::InvalidAuthorization),
        (good().without("content-sha256"), ApiError::InvalidContentSha256),
        (good().with("content-sha256", ""), ApiError::InvalidContentSha256),
        (good().twice("x-kms-apiname"), ApiError::InvalidApiName("AdvanceGenerateDataKeyPair".into())),
        (good().twice("date"), ApiError::InvalidDate),
        (good().twice("authorization"), ApiError::InvalidAuthorization),
        (good().twice("content-sha256"), ApiError::InvalidContentSha256),
        (
            good().twice("x-kms-acccesskeyid"),
            ApiError::UnknownClientKey("KAAP.66abf237-63f6-4625-b8cf-47e1086e0000".into()),
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(request.check(), Err(expected));
    }
}

#[test]
fn a_date_may_differ_by_fifteen_minutes_and_no_more() {
    for date in ["Mon, 23 Nov 2026 20:47:36 GMT", "Mon, 23 Nov 2026 20:17:34 GMT"] {
        assert_eq!(Request::good().with("date", date).check(), Err(ApiError::RequestTimeTooSkewed), "{date}");
    }
}

proptest! {
    #[test]
    fn a_request_with_one_header_is_refused(name in "(x-kms-[a-z]{0,20}|date|authorization|content-[a-z0-9]{0,8})", value: Vec<u8>) {
        let received = [(name.as_str(), value.as_slice())];
        let headers = Headers::new(received);
        let request =
            HashedRequest { method: "POST", path: "/", headers: &headers, body_bytes: 0, body_sha256: &BODY_SHA256 };
        prop_assert!(RequestHeaders::check(&request, now()).is_err());
    }
}

#[test]
fn the_received_body_must_match_the_declared_one() {
    let declared = check_before_body(&Request::good()).unwrap().declared_body;
    assert_eq!(declared.check(100, &BODY_SHA256), Ok(()));
    assert_eq!(declared.check(100, &[0; 32]), Err(ApiError::InvalidContentSha256));
    // The body may turn out to be empty; then it needs neither hash nor type.
    let bare = Request::good().without("content-sha256").without("content-type");
    let declared = check_before_body(&Request { body_bytes: 0, ..bare }).unwrap().declared_body;
    assert_eq!(declared.check(0, &[7; 32]), Ok(()));
    assert_eq!(declared.check(1, &[7; 32]), Err(ApiError::InvalidContentType(String::new())));
    let unhashed = Request { body_bytes: 0, ..Request::good().without("content-sha256") };
    assert_eq!(
        check_before_body(&unhashed).unwrap().declared_body.check(1, &[7; 32]),
        Err(ApiError::InvalidContentSha256)
    );
}

/// [`RequestHeaders::check_before_body`] of the request.
fn check_before_body(request: &Request) -> Result<RequestHeaders, ApiError> {
    let headers = Headers::new(request.headers.iter().map(|(name, value)| (*name, value.as_bytes())));
    RequestHeaders::check_before_body(request.method, request.path, &headers, request.body_bytes, now())
}

#[test]
fn before_the_body_everything_but_its_hash_is_checked() {
    let good = Request::good();
    assert_eq!(check_before_body(&good).unwrap(), good.check().unwrap());
    let other_body = good.clone().with("content-sha256", &"CD".repeat(32));
    assert!(check_before_body(&other_body).is_ok() && other_body.check().is_err());
    let names: Vec<_> = good.headers.iter().map(|(name, _)| *name).collect();
    for name in names {
        for modified in [good.clone().without(name), good.clone().twice(name), good.clone().with(name, "nonsense")] {
            // Any text may be an id until it is looked up.
            let is_an_id =
                name == "x-kms-acccesskeyid" && modified.headers.iter().any(|(_, value)| value == "nonsense");
            assert_eq!(check_before_body(&modified).is_ok(), is_an_id, "{name}");
            assert_eq!(check_before_body(&modified).err(), modified.check().err(), "{name}");
        }
    }
    assert!(check_before_body(&Request { path: "/other", ..good.clone() }).is_err());
    assert!(check_before_body(&Request { method: "PUT", ..good }).is_err());
}
