//! Client keys: the files open here and in OpenSSL and have the specified layout; anything else is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may stop at once"
)]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use claviger_base::{SecretBytes, Timestamp};
use claviger_crypto::client_key::{self, ClientKey, Password, Pkcs12Rejected, generate_password};
use claviger_crypto::{ec, rsa};
use proptest::prelude::*;

const ID: &str = "KAAP.5b2d6d6e-0000-4000-8000-3f2a4c1b9d10";
const PASSWORD: &str = "correct-Horse-7";
/// The content octets of the object identifiers in the layout.
const CERT_SAFE: &str = "2a864886f70d010706";
const SHROUDED_KEY_BAG: &str = "2a864886f70d010c0a0102";
const PBE_SHA1_3DES: &str = "2a864886f70d010c0103";

fn issued() -> &'static ClientKey {
    static ISSUED: OnceLock<ClientKey> = OnceLock::new();
    ISSUED.get_or_init(|| {
        let from = Timestamp::parse_iso8601("2026-01-02T03:04:05Z").unwrap();
        let to = Timestamp::parse_iso8601("2051-01-02T03:04:05Z").unwrap();
        client_key::issue(ID, &Password::new(PASSWORD).unwrap(), from, to).unwrap()
    })
}

#[test]
fn opens_under_its_password_and_holds_the_key_of_its_certificate() {
    let opened = client_key::open(issued().pkcs12_der.reveal(), PASSWORD).unwrap();
    assert_eq!(opened.certificate_der.as_ref(), Some(&issued().certificate_der));
    let key = rsa::PrivateKey::from_pkcs8_der(&opened.private_key_pkcs8).unwrap();
    assert_eq!(key.spki_der().unwrap(), issued().spki_der);
    let signature = key.sign_pkcs1_sha256(b"POST\n").unwrap();
    let public = rsa::PublicKey::from_spki_der(&issued().spki_der).unwrap();
    public.verify_pkcs1_sha256(b"POST\n", &signature).unwrap();
    assert!(issued().certificate_der.windows(issued().spki_der.len()).any(|w| w == issued().spki_der));
}

#[test]
fn every_other_password_is_refused_as_such() {
    for password in ["", "correct-Horse-8", "correct-horse-7", "correct-Horse-7 ", "\u{1f511}", "\u{e9}\u{e9}\u{e9}"] {
        let refused = client_key::open(issued().pkcs12_der.reveal(), password).unwrap_err();
        assert_eq!(refused, Pkcs12Rejected::PasswordWrong, "{password}");
    }
}

#[test]
fn the_layout_is_certificate_first_then_key_both_under_triple_des() {
    let file = hex::encode(issued().pkcs12_der.reveal());
    assert_eq!(file.matches(PBE_SHA1_3DES).count(), 2);
    assert_eq!(file.matches(CERT_SAFE).count(), 1);
    assert!(file.find(CERT_SAFE).unwrap() < file.find(SHROUDED_KEY_BAG).unwrap());
    // 2048 iterations for each safe and for the tag; SHA-1 without NULL.
    assert_eq!(file.matches("02020800").count(), 3);
    assert!(file.ends_with("02020800") && file.contains("300706052b0e03021a0414"));
}

#[test]
fn two_files_of_one_password_share_no_salt() {
    let from = Timestamp::from_unix_s(1_800_000_000);
    let password = generate_password().unwrap();
    let other = client_key::issue(ID, &password, from, from.plus_s(60)).unwrap();
    client_key::open(other.pkcs12_der.reveal(), password.reveal()).unwrap();
    let salt = |key: &ClientKey| {
        let file = hex::encode(key.pkcs12_der.reveal());
        let at = file.find(PBE_SHA1_3DES).unwrap() + PBE_SHA1_3DES.len();
        file[at..at + 28].to_owned()
    };
    assert!(salt(&other).starts_with("300e0408"));
    assert_ne!(salt(&other), salt(issued()));
}

#[test]
fn every_cut_is_malformed() {
    let file = issued().pkcs12_der.reveal();
    for len in 0..file.len() {
        assert_eq!(client_key::open(&file[..len], PASSWORD).unwrap_err(), Pkcs12Rejected::Malformed, "{len}");
    }
    assert_eq!(client_key::open(&[file, &[0]].concat(), PASSWORD).unwrap_err(), Pkcs12Rejected::Malformed);
}

#[test]
fn a_file_that_asks_for_endless_rounds_is_refused_at_once() {
    let file = issued().pkcs12_der.reveal();
    // The iteration count of the tag is the last field, INTEGER 2048 in two bytes; a third byte increases both
    // enclosing lengths by one.
    let rounds = |bytes: [u8; 3]| {
        let mut changed = file[..file.len() - 4].to_vec();
        changed.extend_from_slice(&[2, 3]);
        changed.extend_from_slice(&bytes);
        changed[3] += 1;
        let mac_data = file.len() - 49;
        assert_eq!(changed[mac_data..mac_data + 2], [0x30, 0x2f]);
        changed[mac_data + 1] += 1;
        client_key::open(&changed, PASSWORD).unwrap_err()
    };
    // 65,536 iterations are within the limit, so they are computed; but the tag was made with 2048.
    assert_eq!(rounds([0x01, 0x00, 0x00]), Pkcs12Rejected::PasswordWrong);
    // 600,001 and more, negative, and a number with an unnecessary zero.
    for bytes in [[0x09, 0x27, 0xc1], [0x7f, 0xff, 0xff], [0xff, 0x00, 0x00], [0x00, 0x00, 0x01]] {
        assert_eq!(rounds(bytes), Pkcs12Rejected::Malformed);
    }
    let mut none = file.to_vec();
    let len = none.len();
    none.splice(len - 2.., [0, 0]);
    assert_eq!(client_key::open(&none, PASSWORD).unwrap_err(), Pkcs12Rejected::Malformed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), change in 1u8..) {
        let mut file = issued().pkcs12_der.reveal().to_vec();
        let at = at.index(file.len());
        file[at] ^= change;
        prop_assert!(client_key::open(&file, PASSWORD).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(client_key::open(&bytes, PASSWORD).is_err());
    }
}

/// Runs OpenSSL, or reports that it is missing.
fn openssl(arguments: &[&str], directory: &Path) -> Option<Output> {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output();
    if output.is_err() {
        println!("skipped: no openssl on this machine");
    }
    output.ok()
}

fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part} is missing or out of place in:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn openssl_opens_the_file_and_sees_the_layout() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("key.p12"), issued().pkcs12_der.reveal()).unwrap();
    let info = ["pkcs12", "-in", "key.p12", "-passin", "pass:correct-Horse-7", "-info", "-nodes"];
    let Some(output) = openssl(&info, directory.path()) else { return };
    let seen = text(&output);
    assert!(output.status.success(), "{seen}");
    // OpenSSL describes the safes on one stream and prints their contents on the other.
    let (contents, layout) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let contents = contents.replace("CN = ", "CN=");
    assert_in_order(
        &layout,
        &[
            "MAC: sha1, Iteration 2048",
            "PKCS7 Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048",
            "PKCS7 Data",
            "Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048",
        ],
    );
    assert_in_order(
        &contents,
        &[
            "localKeyID",
            "subject=CN=KAAP.5b2d6d6e-0000-4000-8000-3f2a4c1b9d10",
            "-----BEGIN CERTIFICATE-----",
            "localKeyID",
            "-----BEGIN PRIVATE KEY-----",
        ],
    );
    let wrong = ["pkcs12", "-in", "key.p12", "-passin", "pass:correct-Horse-8", "-info", "-nodes"];
    assert!(!openssl(&wrong, directory.path()).unwrap().status.success());
}

#[test]
fn what_openssl_writes_opens_here_or_is_refused_for_its_cipher() {
    let directory = tempfile::tempdir().unwrap();
    let opened = client_key::open(issued().pkcs12_der.reveal(), PASSWORD).unwrap();
    let pem = claviger_crypto::pem::encode_private_key(&opened.private_key_pkcs8).unwrap();
    std::fs::write(directory.path().join("key.pem"), pem.reveal()).unwrap();
    let certificate = claviger_crypto::pem::encode_certificate(&issued().certificate_der).unwrap();
    std::fs::write(directory.path().join("cert.pem"), certificate).unwrap();
    let ec_key = claviger_crypto::pem::encode_private_key(&ec::PrivateKey::generate().unwrap().pkcs8_der().unwrap());
    std::fs::write(directory.path().join("ec.pem"), ec_key.unwrap().reveal()).unwrap();
    let triple_des = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"];
    let rsa = ["-inkey", "key.pem", "-in", "cert.pem"];
    let export = |input: &[&str], algorithms: &[&str]| -> Option<Result<SecretBytes, Pkcs12Rejected>> {
        let fixed = ["pkcs12", "-export", "-out", "out.p12", "-passout", "pass:pass word"];
        let output = openssl(&[&fixed, input, algorithms].concat(), directory.path())?;
        assert!(output.status.success(), "{}", text(&output));
        let file = std::fs::read(directory.path().join("out.p12")).unwrap();
        Some(client_key::open(&file, "pass word").map(|opened| opened.private_key_pkcs8))
    };
    let Some(read) = export(&rsa, &triple_des) else { return };
    assert_eq!(read.unwrap().reveal(), opened.private_key_pkcs8.reveal());
    let no_certificate = export(&["-inkey", "key.pem", "-nocerts"], &triple_des).unwrap();
    assert_eq!(no_certificate.unwrap().reveal(), opened.private_key_pkcs8.reveal());
    let sha256 = export(&rsa, &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha256"]);
    assert_eq!(sha256.unwrap().unwrap_err(), Pkcs12Rejected::CipherUnknown);
    let aes = export(&rsa, &["-keypbe", "AES-256-CBC", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]);
    assert_eq!(aes.unwrap().unwrap_err(), Pkcs12Rejected::CipherUnknown);
    let no_key = export(&["-nokeys", "-in", "cert.pem"], &triple_des);
    assert_eq!(no_key.unwrap().unwrap_err(), Pkcs12Rejected::Malformed);
    let not_rsa = export(&["-inkey", "ec.pem", "-nocerts"], &triple_des);
    assert_eq!(not_rsa.unwrap().unwrap_err(), Pkcs12Rejected::Malformed);
}

/// Files of Alibaba Cloud KMS: certificate under RC2-40, key under triple DES, and a tag with one iteration, a number that the
/// file omits.
#[test]
fn the_services_own_profile_gives_its_key_without_the_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let opened = client_key::open(issued().pkcs12_der.reveal(), PASSWORD).unwrap();
    let key = claviger_crypto::pem::encode_private_key(&opened.private_key_pkcs8).unwrap();
    let certificate = claviger_crypto::pem::encode_certificate(&issued().certificate_der).unwrap();
    let both = [key.reveal(), certificate.as_bytes()].concat();
    std::fs::write(directory.path().join("both.pem"), both).unwrap();
    let profile = [
        ["pkcs12", "-export", "-in", "both.pem", "-out", "out.p12"].as_slice(),
        &["-passout", "pass:correct-Horse-7", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES"],
        &["-macalg", "sha1", "-nomaciter", "-provider", "legacy", "-provider", "default"],
    ];
    let Some(output) = openssl(&profile.concat(), directory.path()) else { return };
    if !output.status.success() {
        println!("skipped: this openssl has no legacy provider: {}", text(&output));
        return;
    }
    let file = std::fs::read(directory.path().join("out.p12")).unwrap();
    let read = client_key::open(&file, PASSWORD).unwrap();
    assert_eq!(read.private_key_pkcs8.reveal(), opened.private_key_pkcs8.reveal());
    assert_eq!(read.certificate_der, None);
    assert_eq!(client_key::open(&file, "correct-Horse-8").unwrap_err(), Pkcs12Rejected::PasswordWrong);
}
