//! Replays the golden wire vectors: requests as the official SDKs send them, answers as the server gave them. Each
//! signature verifies over our string to sign, each message decodes and encodes back to the same bytes, and each
//! refusal that the headers alone determine is decided the same way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::path::Path;

use claviger_base::Timestamp;
use claviger_crypto::digest::sha256;
use claviger_crypto::mac::verify_hmac_sha256;
use claviger_crypto::rsa::PublicKey;
use claviger_wire::headers::Headers;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceEncryptResponse, AdvanceGenerateDataKeyPairRequest,
    AdvanceGenerateDataKeyPairResponse, AdvanceGenerateDataKeyPairWithoutPlaintextResponse,
    AdvanceGenerateDataKeyRequest, AdvanceGenerateDataKeyResponse, DecryptRequest, DecryptResponse, EncryptRequest,
    EncryptResponse, Error, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextResponse, GenerateDataKeyRequest, GenerateDataKeyResponse,
    GenerateRandomRequest, GenerateRandomResponse, GetPublicKeyRequest, GetPublicKeyResponse, HmacRequest,
    HmacResponse, SignRequest, SignResponse, VerifyRequest, VerifyResponse,
};
use claviger_wire::instance::request::{HashedRequest, RequestHeaders};
use claviger_wire::instance::{Operation, date};
use claviger_wire::rpc::Query;
use claviger_wire::rpc::v3;
use prost::Message;
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(kind);
    let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let vectors: Vec<Value> =
        files.map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect();
    assert!(vectors.len() >= 20, "{} holds too few vectors", dir.display());
    vectors
}

fn bytes(text: &Value) -> Vec<u8> {
    hex::decode(text.as_str().unwrap()).unwrap()
}

fn pairs(headers: &Value) -> Vec<(String, String)> {
    let pair = |entry: &Value| (entry[0].as_str().unwrap().to_owned(), entry[1].as_str().unwrap().to_owned());
    headers.as_array().unwrap().iter().map(pair).collect()
}

fn must_round_trip<M: Message + Default>(name: &str, encoded: &[u8]) {
    let message = M::decode(encoded).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(message.encode_to_vec(), encoded, "{name} encodes differently");
}

#[test]
fn instance_vectors() {
    let (mut served, mut refused) = (0, 0);
    for vector in vectors("instance") {
        let name = vector["name"].as_str().unwrap();
        let sent = pairs(&vector["request"]["headers"]);
        let headers = Headers::new(sent.iter().map(|(name, value)| (name, value.as_bytes())));
        let (body, answer) = (bytes(&vector["request"]["body"]), bytes(&vector["answer"]["body"]));
        let answered = pairs(&vector["answer"]["headers"]);
        let at = answered.iter().find(|(name, _)| name == "date").and_then(|(_, value)| date::parse(value)).unwrap();
        let received = HashedRequest {
            method: vector["request"]["method"].as_str().unwrap(),
            path: "/",
            headers: &headers,
            body_bytes: body.len(),
            body_sha256: &sha256(&body),
        };
        let status = vector["answer"]["status"].as_u64().unwrap();
        let checked = RequestHeaders::check(&received, at);
        if status != 200 {
            must_round_trip::<Error>(name, &answer);
            let error = Error::decode(answer.as_slice()).unwrap();
            assert_eq!(u64::try_from(error.status_code).unwrap(), status, "{name}");
            if let Err(decided) = &checked {
                assert_eq!(
                    (decided.code(), u64::from(decided.status())),
                    (error.error_code.as_str(), status),
                    "{name}"
                );
            }
            refused += 1;
        }
        let Ok(checked) = checked else { continue };
        let key = PublicKey::from_spki_der(&bytes(&vector["client_public_key_spki"])).unwrap();
        key.verify_pkcs1_sha256(&checked.string_to_sign, &checked.signature)
            .unwrap_or_else(|_| panic!("{name}: the SDK's signature does not verify"));
        let altered = [checked.string_to_sign.as_slice(), b"x"].concat();
        assert!(key.verify_pkcs1_sha256(&altered, &checked.signature).is_err(), "{name}: any signature verifies");
        if status == 200 {
            messages_round_trip(name, checked.operation, &body, &answer);
            served += 1;
        }
    }
    assert!(served >= 20 && refused >= 5, "{served} served, {refused} refused");
}

fn messages_round_trip(name: &str, operation: Operation, request: &[u8], answer: &[u8]) {
    match operation {
        Operation::GenerateDataKeyPair => {
            must_round_trip::<GenerateDataKeyPairRequest>(name, request);
            must_round_trip::<GenerateDataKeyPairResponse>(name, answer);
        }
        Operation::GenerateDataKeyPairWithoutPlaintext => {
            must_round_trip::<GenerateDataKeyPairRequest>(name, request);
            must_round_trip::<GenerateDataKeyPairWithoutPlaintextResponse>(name, answer);
        }
        Operation::AdvanceGenerateDataKeyPair => {
            must_round_trip::<AdvanceGenerateDataKeyPairRequest>(name, request);
            must_round_trip::<AdvanceGenerateDataKeyPairResponse>(name, answer);
        }
        Operation::AdvanceGenerateDataKeyPairWithoutPlaintext => {
            must_round_trip::<AdvanceGenerateDataKeyPairRequest>(name, request);
            must_round_trip::<AdvanceGenerateDataKeyPairWithoutPlaintextResponse>(name, answer);
        }
        Operation::Decrypt => {
            must_round_trip::<DecryptRequest>(name, request);
            must_round_trip::<DecryptResponse>(name, answer);
        }
        Operation::AdvanceDecrypt => {
            must_round_trip::<DecryptRequest>(name, request);
            must_round_trip::<AdvanceDecryptResponse>(name, answer);
        }
        Operation::Encrypt => {
            must_round_trip::<EncryptRequest>(name, request);
            must_round_trip::<EncryptResponse>(name, answer);
        }
        Operation::AdvanceEncrypt => {
            must_round_trip::<EncryptRequest>(name, request);
            must_round_trip::<AdvanceEncryptResponse>(name, answer);
        }
        Operation::GenerateDataKey => {
            must_round_trip::<GenerateDataKeyRequest>(name, request);
            must_round_trip::<GenerateDataKeyResponse>(name, answer);
        }
        Operation::AdvanceGenerateDataKey => {
            must_round_trip::<AdvanceGenerateDataKeyRequest>(name, request);
            must_round_trip::<AdvanceGenerateDataKeyResponse>(name, answer);
        }
        Operation::Sign => {
            must_round_trip::<SignRequest>(name, request);
            must_round_trip::<SignResponse>(name, answer);
        }
        Operation::Verify => {
            must_round_trip::<VerifyRequest>(name, request);
            must_round_trip::<VerifyResponse>(name, answer);
        }
        Operation::GetPublicKey => {
            must_round_trip::<GetPublicKeyRequest>(name, request);
            must_round_trip::<GetPublicKeyResponse>(name, answer);
        }
        Operation::GenerateRandom => {
            must_round_trip::<GenerateRandomRequest>(name, request);
            must_round_trip::<GenerateRandomResponse>(name, answer);
        }
        Operation::Hmac => {
            must_round_trip::<HmacRequest>(name, request);
            must_round_trip::<HmacResponse>(name, answer);
        }
        Operation::GetSecretValue => panic!("{name}: a secret was served, and there are none"),
    }
}

#[test]
fn rpc_vectors() {
    for vector in vectors("rpc") {
        let name = vector["name"].as_str().unwrap();
        let sent = pairs(&vector["request"]["headers"]);
        let headers = Headers::new(sent.iter().map(|(name, value)| (name, value.as_bytes())));
        let body = bytes(&vector["request"]["body"]);
        let target = vector["request"]["target"].as_str().unwrap();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = Query::decode(query).unwrap();
        let method = vector["request"]["method"].as_str().unwrap();
        let received = v3::RequestHead { method, query: &query, headers: &headers };
        let at = sent.iter().find(|(name, _)| name == "x-acs-date").unwrap();
        let signed = v3::SignedRequest::check(&received, Timestamp::parse_iso8601(&at.1).unwrap()).unwrap();
        v3::check_body(&signed.content_sha256, &sha256(&body)).unwrap();
        let mut canonical = Vec::new();
        signed.write_canonical(&mut |piece| canonical.extend_from_slice(piece));
        let string_to_sign = v3::string_to_sign(&sha256(&canonical));
        let secret = vector["access_key_secret_test_only"].as_str().unwrap().as_bytes();
        verify_hmac_sha256(secret, string_to_sign.as_bytes(), &signed.signature)
            .unwrap_or_else(|_| panic!("{name}: the SDK's signature does not verify"));
        let answer: Value = serde_json::from_slice(&bytes(&vector["answer"]["body"])).unwrap();
        assert_eq!(answer["RequestId"].as_str().unwrap().len(), 36, "{name}");
        let is_refused = vector["answer"]["status"].as_u64().unwrap() != 200;
        assert_eq!(answer.get("Code").is_some(), is_refused, "{name}");
    }
}
