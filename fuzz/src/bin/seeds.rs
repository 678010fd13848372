//! Writes the seeds of `fuzz/corpus/` from `vectors/` and from the fuzzer's own keys: `cargo run -p claviger-fuzz --bin seeds`.
//!
//! The folders also contain inputs that a fuzzer found; the program does not touch these.

use std::error::Error;
use std::fs;
use std::path::Path;

use claviger_base::{SecretBytes, Timestamp};
use claviger_crypto::Message;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, PrivateKey, SignatureAlgorithm};
use claviger_crypto::client_key::{self, Password};
use claviger_crypto::pem;
use claviger_fuzz::{CLIENT_KEY_PASSWORD, KEYS, MESSAGES};
use claviger_wire::instance::message::AdvanceDecryptRequest;
use prost::Message as _;
use serde_json::Value;

type Outcome = Result<(), Box<dyn Error>>;

/// The vectors of the Instance API that become seeds: one for each kind of request and response.
const INSTANCE: [&str; 8] = [
    "AdvanceGenerateDataKeyPair-EC_P256-PEM",
    "AdvanceGenerateDataKeyPairWithoutPlaintext-EC_P256K-DER",
    "GenerateDataKeyPair-EC_P256-DER",
    "GenerateDataKeyPairWithoutPlaintext-EC_P256-DER",
    "AdvanceDecrypt-of-AdvanceGenerateDataKeyPair-EC_P256-PEM",
    "Decrypt-by-header-of-GenerateDataKeyPair-EC_P256-DER",
    "refused-stranger",
    "refused-empty-message",
];

const RPC: [&str; 8] = [
    "CreateKey",
    "CreateAlias",
    "DescribeKey-by-alias",
    "UpdateRotationPolicy",
    "ListKeys",
    "ListAliases",
    "ScheduleKeyDeletion",
    "refused-missing-parameter",
];

/// For the target `texts`: the kind of text, and an example.
const TEXTS: [(u8, &str); 9] = [
    (0, "Thu, 06 Feb 2020 07:32:54 GMT"),
    (0, "Mon, 3 Jan 2010 08:33:47 UTC"),
    (1, "Bearer AAECAwQF"),
    (1, "TOKEN AAECAwQF"),
    (
        2,
        "ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host;x-acs-action,Signature=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    ),
    (3, "365d"),
    (3, "604800s"),
    (4, "KeyId=alias%2Fdev&Description=a+b%C3%A9&Empty="),
    (5, "2026-01-02T03:04:05Z"),
];

fn main() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus");
    for name in INSTANCE {
        instance(&corpus, name, &vector(&root.join("../vectors/instance"), name)?)?;
    }
    for name in RPC {
        let vector = vector(&root.join("../vectors/rpc"), name)?;
        write(&corpus, "rpc_request", name, &rpc(&vector)?)?;
        write(&corpus, "rpc_unverified", name, &rpc(&vector)?)?;
    }
    for (name, content) in hostile() {
        write(&corpus, "rpc_unverified", name, content.as_bytes())?;
    }
    for (number, (kind, text)) in TEXTS.iter().enumerate() {
        write(&corpus, "texts", &format!("text-{number}"), &[&[*kind], text.as_bytes()].concat())?;
    }
    keys(&corpus)?;
    client_key(&corpus)
}

/// The requests that were most expensive before authentication (issue 9), and similar ones.
fn hostile() -> [(&'static str, String); 4] {
    let minimum = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let request = |query: &str, signed: &str, more: &str| {
        let (hash, signature) = ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "00".repeat(32));
        format!(
            "POST {query}\nhost: h\nx-acs-action: ListKeys\nx-acs-version: 2016-01-20\nx-acs-date: 2026-01-02T03:04:05Z\n\
             x-acs-signature-nonce: n\nx-acs-content-sha256: {hash}\n{more}\
             authorization: ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders={signed},Signature={signature}\n\n"
        )
    };
    let long = format!("a: {}\n", "x".repeat(30_000));
    let names: Vec<_> = (0..94).map(|number| format!("h{number}")).collect();
    let many: String = names.iter().map(|name| format!("{name}:\n")).collect();
    let tiny: Vec<_> = (0..1000).map(|number: u32| format!("{number:x}")).collect();
    [
        ("hostile-signed-headers-repeated", request("", &format!("{minimum}{}", ";a".repeat(15_000)), &long)),
        ("hostile-signed-headers-many", request("", &format!("{minimum};{}", names.join(";")), &many)),
        ("hostile-one-header-repeated", request("", &format!("{minimum};a"), &"a:\n".repeat(90))),
        ("hostile-tiny-parameters", request(&tiny.join("&"), minimum, "")),
    ]
}

fn vector(folder: &Path, name: &str) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(folder.join(format!("{name}.json")))?)?)
}

fn write(corpus: &Path, target: &str, name: &str, content: &[u8]) -> Outcome {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), content)?)
}

fn body(vector: &Value, side: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(hex::decode(vector.pointer(&format!("/{side}/body")).and_then(Value::as_str).unwrap_or_default())?)
}

/// Header lines as the targets read them.
fn header_lines(vector: &Value) -> String {
    let headers = vector.pointer("/request/headers").and_then(Value::as_array);
    let pair = |header: &Value| Some(format!("{}: {}\n", header.get(0)?.as_str()?, header.get(1)?.as_str()?));
    headers.into_iter().flatten().filter_map(pair).collect()
}

fn instance(corpus: &Path, name: &str, vector: &Value) -> Outcome {
    write(corpus, "instance_headers", name, header_lines(vector).as_bytes())?;
    let operation = name.split('-').next().unwrap_or_default();
    for (side, suffix) in [("request", "Request"), ("answer", "Response")] {
        let wanted = if name.starts_with("refused") { String::from("Error") } else { format!("{operation}{suffix}") };
        // Some operations share the messages of another; `MESSAGES` lists these only once.
        let Some(which) = MESSAGES.iter().position(|(message, _)| *message == wanted) else { continue };
        let content = [&[u8::try_from(which)?], body(vector, side)?.as_slice()].concat();
        write(corpus, "instance_message", &format!("{name}-{side}"), &content)?;
    }
    if operation == "AdvanceDecrypt" {
        let blob = AdvanceDecryptRequest::decode(body(vector, "request")?.as_slice())?.ciphertext_blob;
        for (cut, length) in [("whole", blob.len()), ("shortest", 67), ("cut", 66)] {
            write(corpus, "blob", cut, blob.get(..length).unwrap_or_default())?;
        }
    }
    Ok(())
}

fn rpc(vector: &Value) -> Result<Vec<u8>, Box<dyn Error>> {
    let text = |pointer| vector.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let query = text("/request/target").split_once('?').map_or("", |(_, query)| query);
    let head = format!("{} {query}\n{}\n", text("/request/method"), header_lines(vector));
    Ok([head.into_bytes(), body(vector, "request")?].concat())
}

/// Every key in DER and PEM, with a ciphertext and a signature for each of its algorithms.
fn keys(corpus: &Path) -> Outcome {
    for (number, (name, spec, pkcs8)) in KEYS.into_iter().enumerate() {
        let which = u8::try_from(number)?;
        let der =
            u8::try_from(claviger_crypto::asymmetric::KeySpec::ALL.iter().position(|one| *one == spec).unwrap_or(0))?;
        let key = PrivateKey::from_pkcs8_der(spec, &SecretBytes::copy_from(pkcs8))
            .map_err(|rejected| format!("{name}: {rejected}"))?;
        let public = key.public_key();
        write(corpus, "der", &format!("{name}-private"), &[&[der], pkcs8].concat())?;
        write(corpus, "der", &format!("{name}-public"), &[&[der], public.spki_der()].concat())?;
        write(corpus, "pem", &format!("{name}-public"), public.pem()?.as_bytes())?;
        let private = pem::encode_private_key(&SecretBytes::copy_from(pkcs8))?;
        write(corpus, "pem", &format!("{name}-private"), private.reveal())?;
        for algorithm in spec.encryption_algorithms() {
            let place = EncryptionAlgorithm::ALL.iter().position(|one| one == algorithm).unwrap_or(0);
            let sealed = public.encrypt(*algorithm, b"seed")?;
            let content = [&[which + 4 * u8::try_from(place)?], sealed.as_slice()].concat();
            write(corpus, "asymmetric_blob", &format!("{name}-{}", algorithm.name()), &content)?;
        }
        for algorithm in spec.signature_algorithms() {
            let place = SignatureAlgorithm::ALL.iter().position(|one| one == algorithm).unwrap_or(0);
            let signature = key.sign(*algorithm, Message::Raw(b"a message to sign"))?;
            let content = [&[which + 4 * u8::try_from(place)?], signature.as_slice()].concat();
            write(corpus, "signature", &format!("{name}-{}", algorithm.name()), &content)?;
        }
    }
    Ok(())
}

fn client_key(corpus: &Path) -> Outcome {
    let password = Password::new(CLIENT_KEY_PASSWORD)?;
    let year_s = 365 * 86_400;
    let issued = client_key::issue("KAAP.fuzz", &password, Timestamp::from_unix_s(0), Timestamp::from_unix_s(year_s))?;
    let file = issued.pkcs12_der.reveal();
    write(corpus, "client_key", "whole", file)?;
    write(corpus, "client_key", "cut", file.get(..700).unwrap_or_default())?;
    write(corpus, "client_key", "certificate", &issued.certificate_der)?;
    write(corpus, "pem", "certificate", pem::encode_certificate(&issued.certificate_der)?.as_bytes())
}
