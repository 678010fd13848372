//! No type that holds a secret prints any of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fmt::Debug;

use claviger_base::{SecretBytes, Timestamp};
use claviger_crypto::aead::{AeadKey, Algorithm};
use claviger_crypto::asymmetric::{self, KeySpec};
use claviger_crypto::client_key::{self, Password};
use claviger_crypto::ecies::p256::OpeningKey;
use claviger_crypto::mac::HmacSha256Key;
use claviger_crypto::rsa::oaep;
use claviger_crypto::tls::CertificateAuthority;
use claviger_crypto::{Aes256GcmKey, ec, ed25519, rsa, secp256k1, sm2};

/// No four consecutive bytes of `secret` appear in the output, as hex, as a list of numbers or as text.
fn assert_unprinted(printed: &dyn Debug, secret: &[u8]) {
    let texts = [format!("{printed:?}"), format!("{printed:#?}"), format!("{printed:x?}"), format!("{printed:X?}")];
    for text in texts {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        for window in secret.windows(4) {
            let joined = |format: fn(&u8) -> String| window.iter().map(format).collect::<Vec<_>>().join(",");
            let forms = [
                hex::encode(window),
                hex::encode_upper(window),
                joined(|byte| byte.to_string()),
                joined(|byte| format!("{byte:x}")),
                joined(|byte| format!("{byte:X}")),
            ];
            assert!(!forms.iter().any(|form| compact.contains(form)), "{text}");
            assert!(!std::str::from_utf8(window).is_ok_and(|form| text.contains(form)), "{text}");
        }
    }
}

#[test]
fn the_check_itself_sees_secrets() {
    let seen = std::panic::catch_unwind(|| assert_unprinted(&vec![1u8, 2, 3, 4, 200], &[2, 3, 4, 200]));
    assert!(seen.is_err());
}

#[test]
fn symmetric_keys() {
    let key = SecretBytes::random(32).unwrap();
    assert_unprinted(&Aes256GcmKey::new(&key).unwrap(), key.reveal());
    assert_unprinted(&ed25519::SigningKey::from_seed(&key).unwrap(), key.reveal());
    assert_unprinted(&key, key.reveal());
    assert_unprinted(&HmacSha256Key::new(&key).unwrap(), key.reveal());
    for algorithm in Algorithm::ALL {
        let key = algorithm.generate_key().unwrap();
        assert_unprinted(&AeadKey::new(algorithm, &key).unwrap(), key.reveal());
    }
}

#[test]
fn private_keys_of_key_versions() {
    for spec in KeySpec::ALL {
        let pkcs8 = asymmetric::PrivateKey::generate_pkcs8_der(spec).unwrap();
        let key = asymmetric::PrivateKey::from_pkcs8_der(spec, &pkcs8).unwrap();
        // The scalar of a key on a curve; the second half of an RSA key, where the private numbers are.
        let at = if format!("{spec:?}").starts_with("Rsa") { pkcs8.len() / 2..pkcs8.len() } else { 36..66 };
        assert_unprinted(&key, &pkcs8.reveal()[at.clone()]);
        match spec {
            KeySpec::EcP256 => assert_unprinted(&OpeningKey::from_pkcs8_der(&pkcs8).unwrap(), &pkcs8.reveal()[at]),
            KeySpec::EcP256k => {
                assert_unprinted(&secp256k1::PrivateKey::from_pkcs8_der(&pkcs8).unwrap(), &pkcs8.reveal()[at]);
            }
            KeySpec::EcSm2 => assert_unprinted(&sm2::PrivateKey::from_pkcs8_der(&pkcs8).unwrap(), &pkcs8.reveal()[at]),
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                assert_unprinted(&oaep::OpeningKey::from_pkcs8_der(&pkcs8).unwrap(), &pkcs8.reveal()[at]);
            }
        }
    }
}

#[test]
fn private_keys() {
    // The key starts at byte 40; the object identifiers before it might appear anywhere.
    let key = rsa::PrivateKey::generate_2048().unwrap();
    assert_unprinted(&key, &key.pkcs8_der().unwrap().reveal()[40..]);
    let key = ec::PrivateKey::generate().unwrap();
    assert_unprinted(&key, &key.pkcs8_der().unwrap().reveal()[36..68]);
    let authority = CertificateAuthority::create("kst-1", Timestamp::from_unix_s(1_800_000_000)).unwrap();
    assert_unprinted(&authority, &authority.ca_private_key().unwrap().reveal()[36..68]);
    let server = authority.issue_server_certificate(&[], Timestamp::from_unix_s(1_800_000_000)).unwrap();
    assert_unprinted(&server, &server.private_key_der.reveal()[36..68]);
}

#[test]
fn client_keys_and_passwords() {
    let password = Password::new("correct-Horse-7").unwrap();
    assert_unprinted(&password, password.reveal().as_bytes());
    let from = Timestamp::from_unix_s(1_800_000_000);
    let key = client_key::issue("KAAP.1", &password, from, from.plus_s(86_400)).unwrap();
    let opened = client_key::open(key.pkcs12_der.reveal(), password.reveal()).unwrap();
    // The primes: unlike the modulus they are in no certificate.
    let pkcs8 = opened.private_key_pkcs8.reveal();
    assert_unprinted(&opened, &pkcs8[pkcs8.len() - 600..]);
    assert_unprinted(&key, &pkcs8[pkcs8.len() - 600..]);
    // A part of the first ciphertext. The bytes after it contain identifiers that a certificate contains too.
    assert_unprinted(&key, &key.pkcs12_der.reveal()[200..700]);
}
