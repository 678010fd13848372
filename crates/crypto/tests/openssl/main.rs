//! A second opinion on every algorithm: the OpenSSL command line opens what is sealed here and verifies what is signed
//! here, and the reverse. Where there is no OpenSSL, or one that is too old, each test says that it was skipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may stop at once"
)]

mod ecies;
mod rsa_and_ecdsa;
mod sm;
mod symmetric;

use std::path::Path;
use std::process::Command;

use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::{KeySpec, PrivateKey};
use claviger_crypto::pem;

/// A message longer than any block.
const MESSAGE: &[u8] = b"What one library signs, another one verifies; what one seals, another one opens.";

/// A folder with one key of a spec, `key.pem` and `pub.pem`, and `message`.
struct Bench {
    directory: tempfile::TempDir,
    key: PrivateKey,
}

impl Bench {
    /// `None`, with a word about it, when there is no OpenSSL.
    fn new(spec: KeySpec) -> Option<Self> {
        is_openssl_here().then(|| {
            let directory = tempfile::tempdir().unwrap();
            let pkcs8 = PrivateKey::generate_pkcs8_der(spec).unwrap();
            let key = PrivateKey::from_pkcs8_der(spec, &pkcs8).unwrap();
            let bench = Self { directory, key };
            bench.write("key.pem", pem::encode_private_key(&pkcs8).unwrap().reveal());
            bench.write("pub.pem", key_pem(&bench.key).as_bytes());
            bench.write("message", MESSAGE);
            bench
        })
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.directory.path().join(name), content).unwrap();
    }

    /// What OpenSSL prints; it must succeed.
    fn openssl(&self, arguments: &str) -> Vec<u8> {
        openssl(self.directory.path(), arguments).unwrap_or_else(|error| panic!("openssl {arguments}: {error}"))
    }

    fn refuses(&self, arguments: &str) -> bool {
        openssl(self.directory.path(), arguments).is_err()
    }
}

fn key_pem(key: &PrivateKey) -> String {
    key.public_key().pem().unwrap()
}

fn is_openssl_here() -> bool {
    let is_here = Command::new("openssl").arg("version").output().is_ok();
    if !is_here {
        println!("skipped: no openssl on this machine");
    }
    is_here
}

fn openssl(directory: &Path, arguments: &str) -> Result<Vec<u8>, String> {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A key that OpenSSL made, as PKCS#8; it must parse.
fn key_of_openssl(bench: &Bench, spec: KeySpec, arguments: &str) -> PrivateKey {
    let made = bench.openssl(&format!("genpkey {arguments}"));
    let pkcs8 = pem::decode_private_key(&SecretBytes::new(made)).unwrap();
    PrivateKey::from_pkcs8_der(spec, &pkcs8).unwrap()
}

#[test]
fn keys_that_openssl_made_are_taken() {
    let made = [
        (KeySpec::Rsa2048, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        (KeySpec::Rsa3072, "-algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
        (KeySpec::EcP256, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        (KeySpec::EcP256k, "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"),
        (KeySpec::EcSm2, "-algorithm EC -pkeyopt ec_paramgen_curve:SM2"),
    ];
    let Some(bench) = Bench::new(KeySpec::EcP256) else { return };
    for (spec, arguments) in made {
        assert_eq!(key_of_openssl(&bench, spec, arguments).spec(), spec);
    }
}

#[test]
fn openssl_finds_keys_made_here_consistent() {
    for spec in KeySpec::ALL {
        let Some(bench) = Bench::new(spec) else { return };
        bench.openssl("pkey -in key.pem -check -noout");
        assert_eq!(bench.openssl("pkey -in key.pem -pubout"), key_pem(&bench.key).as_bytes(), "{spec:?}");
    }
}
