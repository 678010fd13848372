//! After a pair was handed out and the answer sent, nothing of its private key is left in the server's memory.
//!
//! The server runs in a child process (this very test program), without the allocator or the memory protection of the
//! `claviger` binary: what is wiped here is wiped by the code that held it. This process is the client; it knows the
//! private keys, and searches every readable byte of the child for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod needles;
mod search;
mod server;

use std::path::Path;

use claviger_client::{ClientKey, Endpoint, InstanceClient};
use claviger_keygen::EngineKind;
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse,
    AdvanceGenerateDataKeyPairWithoutPlaintextResponse, DecryptRequest, GenerateDataKeyPairRequest,
    GenerateDataKeyPairResponse,
};

use needles::Needles;
use search::search;
use server::Child;

const SPECS: [&str; 5] = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P256K"];
/// The last parts of an answer may be on their way to the socket when the client has it already.
const TRIES: usize = 20;

fn client(child: &Child, dir: &Path) -> InstanceClient {
    let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt")).unwrap();
    let endpoint = Endpoint::new(&child.endpoint, &std::fs::read(dir.join("ca.pem")).unwrap()).unwrap();
    InstanceClient::new(endpoint, key)
}

/// Every way in which a private key leaves the server; the keys, as the client got them. The shortest answer comes last:
/// libraries copy short ones sooner than long ones, and a longer one could lie over what is left of it.
async fn all_private_keys(client: &InstanceClient) -> Vec<(String, Vec<u8>)> {
    let mut keys = Vec::new();
    let request = GenerateDataKeyPairRequest {
        key_id: "alias/dev".to_owned(),
        algorithm: String::new(),
        key_pair_spec: "RSA_2048".to_owned(),
        key_format: "PEM".to_owned(),
        aad: Vec::new(),
    };
    let pair: GenerateDataKeyPairResponse =
        client.call(Operation::GenerateDataKeyPair, &request, None).await.unwrap().message;
    keys.push(("RSA_2048 basic".to_owned(), pair.private_key_plaintext));
    for spec in SPECS {
        for format in ["DER", "PEM"] {
            let request = AdvanceGenerateDataKeyPairRequest {
                key_id: "alias/dev".to_owned(),
                key_pair_spec: spec.to_owned(),
                key_format: format.to_owned(),
                aad: Vec::new(),
            };
            let asked = Operation::AdvanceGenerateDataKeyPair;
            let pair: AdvanceGenerateDataKeyPairResponse = client.call(asked, &request, None).await.unwrap().message;
            keys.push((format!("{spec} {format}"), pair.private_key_plaintext));
        }
        for format in ["PEM", "DER"] {
            let request = AdvanceGenerateDataKeyPairRequest {
                key_id: "alias/dev".to_owned(),
                key_pair_spec: spec.to_owned(),
                key_format: format.to_owned(),
                aad: Vec::new(),
            };
            let asked = Operation::AdvanceGenerateDataKeyPairWithoutPlaintext;
            let pair: AdvanceGenerateDataKeyPairWithoutPlaintextResponse =
                client.call(asked, &request, None).await.unwrap().message;
            let ciphertext_blob = pair.private_key_ciphertext_blob;
            let request = DecryptRequest { ciphertext_blob, ..DecryptRequest::default() };
            let opened: AdvanceDecryptResponse =
                client.call(Operation::AdvanceDecrypt, &request, None).await.unwrap().message;
            keys.push((format!("{spec} {format} opened"), opened.plaintext));
        }
    }
    keys
}

/// A server with this engine that has handed out keys in every way; the keys, and nothing found of them.
fn handed_out(dir: &Path, engine: EngineKind) -> (Child, Vec<(String, Vec<u8>)>, Needles) {
    let child = Child::start(dir, engine);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = client(&child, dir);
    let keys = runtime.block_on(all_private_keys(&client));
    let needles = Needles::of(&keys);
    assert!(needles.len() > 3_000, "{}", needles.len());
    let mut found = search(child.id(), &needles);
    for _ in 1..TRIES {
        if found.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        found = search(child.id(), &needles);
    }
    assert!(found.is_empty(), "left in memory by {engine}:\n{}", found.join("\n"));
    (child, keys, needles)
}

/// `auto` takes another engine where there is IFMA.
#[test]
fn the_engine_for_avx2_leaves_nothing_either() {
    if !EngineKind::Avx2.is_available() {
        println!("skipped: this CPU has no AVX2");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let _nothing_found = handed_out(dir.path(), EngineKind::Avx2);
}

#[test]
fn no_private_key_stays_in_the_servers_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, keys, needles) = handed_out(dir.path(), EngineKind::Auto);
    // The same search finds each form of a key when it is there, also beginning in the middle of a word.
    let forms = needles::forms_to_plant(&keys[0].1);
    assert!(forms.len() >= 5, "{}", forms.len());
    child.plant(&forms.iter().flat_map(|(_, form)| &form[3..]).copied().collect::<Vec<u8>>());
    let found = search(child.id(), &needles);
    for (name, _) in forms {
        assert!(found.iter().any(|found| found.contains(&name)), "planted and not found: {name}; but {found:?}");
    }
    child.plant(&[]);
    let found = search(child.id(), &needles);
    assert!(found.is_empty(), "the search finds what is not there: {found:?}");
}
