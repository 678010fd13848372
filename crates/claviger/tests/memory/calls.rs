//! The calls by which private keys leave a server, and the keys as the client got them.

use std::path::Path;

use claviger_client::{ClientKey, Endpoint, HttpVersion, InstanceClient};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse,
    AdvanceGenerateDataKeyPairWithoutPlaintextResponse, DecryptRequest, GenerateDataKeyPairRequest,
    GenerateDataKeyPairResponse,
};

use crate::server::Child;

const SPECS: [&str; 5] = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P256K"];

pub(crate) fn client(child: &Child, dir: &Path, version: HttpVersion) -> InstanceClient {
    let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt")).unwrap();
    let endpoint =
        Endpoint::with_version(&child.endpoint, &std::fs::read(dir.join("ca.pem")).unwrap(), version).unwrap();
    InstanceClient::new(endpoint, key)
}

/// Makes private keys leave the server in every way; returns them as the client got them. The shortest answer comes last:
/// libraries are more likely to copy short answers, and a later, longer one could overwrite what is left of it.
pub(crate) async fn all_private_keys(client: &InstanceClient) -> Vec<(String, Vec<u8>)> {
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
