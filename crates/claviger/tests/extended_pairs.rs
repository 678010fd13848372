//! Pairs beyond the API's five specs, from the command line switch to the unwrapped key; without the switch, they are
//! refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use claviger_client::{ClientError, ClientKey, Endpoint, InstanceClient};
use claviger_keygen::{ExtendedSpec, PairSpec};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse, DecryptRequest,
};

/// Killed when dropped: nothing in it needs to be kept.
struct Server {
    child: Child,
    client: InstanceClient,
}

impl Server {
    fn start(data_dir: &Path, switches: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_claviger"))
            .args(["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--stock", "RSA_2048=0"])
            .args(["--stock", "RSA_3072=0", "--stock", "RSA_4096=0", "--data-dir"])
            .arg(data_dir)
            .args(switches)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.strip_prefix("claviger ready ").and_then(|rest| rest.split(' ').next());
        let endpoint = endpoint.unwrap_or_else(|| panic!("not ready: {line:?}"));
        let endpoint = Endpoint::new(endpoint, &std::fs::read(data_dir.join("ca.pem")).unwrap()).unwrap();
        let files = (data_dir.join("client-key.json"), data_dir.join("client-key-password.txt"));
        let client = InstanceClient::new(endpoint, ClientKey::read(&files.0, &files.1).unwrap());
        Self { child, client }
    }

    async fn pair(&self, spec: &str, format: &str) -> Result<AdvanceGenerateDataKeyPairResponse, ClientError> {
        let request = AdvanceGenerateDataKeyPairRequest {
            key_id: "alias/dev".to_owned(),
            key_pair_spec: spec.to_owned(),
            key_format: format.to_owned(),
            aad: b"aad".to_vec(),
        };
        Ok(self.client.call(Operation::AdvanceGenerateDataKeyPair, &request, None).await?.message)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}

#[tokio::test]
async fn with_the_switch_every_kind_comes_wrapped_and_opens() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("data"), &["--extended-key-pair-specs"]);
    for spec in ExtendedSpec::ALL {
        for format in ["PEM", "DER"] {
            let pair = server.pair(spec.name(), format).await.unwrap();
            assert_eq!(pair.key_pair_spec, spec.name());
            if format == "PEM" {
                assert!(pair.private_key_plaintext.starts_with(b"-----BEGIN PRIVATE KEY-----\n"), "{spec:?}");
                assert!(pair.public_key.starts_with(b"-----BEGIN PUBLIC KEY-----\n"), "{spec:?}");
            } else {
                assert_eq!((pair.private_key_plaintext[0], pair.public_key[0]), (0x30, 0x30), "{spec:?}");
            }
            let request = DecryptRequest {
                ciphertext_blob: pair.private_key_ciphertext_blob,
                aad: b"aad".to_vec(),
                ..DecryptRequest::default()
            };
            let opened = server.client.call(Operation::AdvanceDecrypt, &request, None).await.unwrap();
            let opened: AdvanceDecryptResponse = opened.message;
            assert_eq!(opened.plaintext, pair.private_key_plaintext, "{spec:?}");
        }
    }
    let official = server.pair("EC_P256", "PEM").await.unwrap();
    assert_eq!(official.key_pair_spec, "EC_P256");
    let misspelt = server.pair("ml_dsa_44", "PEM").await.unwrap_err();
    assert!(misspelt.to_string().contains("InvalidParameter"), "{misspelt}");
}

#[tokio::test]
async fn without_it_they_are_invalid_parameters() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(&directory.path().join("data"), &[]);
    for spec in ExtendedSpec::ALL {
        let refused = server.pair(spec.name(), "PEM").await.unwrap_err();
        assert!(refused.to_string().contains("InvalidParameter"), "{spec:?}: {refused}");
    }
    for spec in [PairSpec::EcP256, PairSpec::EcP256k] {
        assert_eq!(server.pair(spec.name(), "DER").await.unwrap().key_pair_spec, spec.name());
    }
}
