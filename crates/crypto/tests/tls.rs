//! The certificate authority: OpenSSL checks its certificates, and it refuses invalid names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests may stop at once"
)]

use std::path::Path;
use std::process::Command;

use claviger_base::{Clock, SecretBytes, Timestamp};
use claviger_crypto::pem::{self, Label};
use claviger_crypto::tls::{CertificateAuthority, CertificateRefused, ServerCertificate, certificate_not_after};
use claviger_crypto::{KeyRejected, ec};

const INSTANCE: &str = "kst-hzz62f1cb66fa42qo";

fn now() -> Timestamp {
    Clock::default().real_now()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_root_taken_back_from_storage_signs_for_the_same_trust() {
    let created = CertificateAuthority::create(INSTANCE, now()).unwrap();
    let (certificate, key) = (created.ca_certificate_pem().unwrap(), created.ca_private_key().unwrap());
    let stored = CertificateAuthority::from_stored(INSTANCE, &certificate, &key).unwrap();
    assert_eq!(stored.ca_certificate_pem().unwrap(), certificate);
    let server = stored.issue_server_certificate(&[], now()).unwrap();
    assert_eq!(server.certificate_chain_der.len(), 2);
    assert_eq!(server.certificate_chain_der[1], pem::decode(Label::Certificate, certificate.as_bytes()).unwrap());
    // The leaf contains the public key that belongs to the private key issued with it, not that of the root.
    let leaf = ec::PrivateKey::from_pkcs8_der(&server.private_key_der).unwrap().spki_der().unwrap();
    assert!(server.certificate_chain_der[0].windows(leaf.len()).any(|window| window == leaf));
    assert!(!server.certificate_chain_der[1].windows(leaf.len()).any(|window| window == leaf));
}

#[test]
fn a_certificate_says_when_it_ends() {
    // Both date forms of X.509: before 2050 and after.
    for year in [2026, 2045] {
        let made = Timestamp::from_civil(year, 1, 2, 3, 4, 5).unwrap();
        let root = CertificateAuthority::create(INSTANCE, made).unwrap().ca_certificate_pem().unwrap();
        assert_eq!(certificate_not_after(&root), Some(made.plus_s((20 * 365 + 5) * 86_400)));
        assert_eq!(certificate_not_after(&root[..root.len() / 2]), None);
    }
    assert_eq!(certificate_not_after(""), None);
}

#[test]
fn parts_that_are_not_of_one_root_of_this_instance_are_refused() {
    let one = CertificateAuthority::create(INSTANCE, now()).unwrap();
    let two = CertificateAuthority::create(INSTANCE, now()).unwrap();
    let (certificate, key) = (one.ca_certificate_pem().unwrap(), one.ca_private_key().unwrap());
    let refused = |instance: &str, certificate: &str, key: &SecretBytes| {
        assert_eq!(CertificateAuthority::from_stored(instance, certificate, key).unwrap_err(), KeyRejected);
    };
    refused(INSTANCE, &certificate, &two.ca_private_key().unwrap());
    refused("kst-other", &certificate, &key);
    refused(INSTANCE, &certificate[1..], &key);
    refused(INSTANCE, "", &key);
    refused(INSTANCE, &certificate, &SecretBytes::new(vec![0; 138]));
}

#[test]
fn names_that_are_none_are_refused_by_name() {
    let authority = CertificateAuthority::create(INSTANCE, now()).unwrap();
    let long_label = "a".repeat(64);
    let long_name = format!("{}a", "abcdefg.".repeat(32));
    let bad = [
        "",
        " ",
        "a b",
        "kms.example.com.",
        ".example.com",
        "a..b",
        "-a.example",
        "a-.example",
        "*",
        "a.*.example",
        "kms.example:8443",
        "https://kms.example",
        "10.0.0.256",
        "1.2.3",
        "[::1]",
        "b\u{fc}ro.example",
        &long_label,
        &long_name,
    ];
    for name in bad {
        let refused = authority.issue_server_certificate(&names(&["good.example", name]), now()).unwrap_err();
        assert_eq!(refused, CertificateRefused::Hostname(name.to_owned()));
    }
    let good = ["kms.example.com", "*.example.com", "my_kms", "10.0.0.5", "2001:db8::5", "localhost", "127.0.0.1"];
    authority.issue_server_certificate(&names(&good), now()).unwrap();
}

#[test]
fn openssl_accepts_the_chain_and_reads_the_promised_fields() {
    let directory = tempfile::tempdir().unwrap();
    let authority = CertificateAuthority::create(INSTANCE, now()).unwrap();
    let server = authority.issue_server_certificate(&names(&["kms.example.com", "10.0.0.5"]), now()).unwrap();
    write(directory.path(), &authority, &server);
    let Some(root) = openssl(&["x509", "-in", "ca.pem", "-noout", "-text"], directory.path()) else { return };
    for part in [
        "Claviger kst-hzz62f1cb66fa42qo Root CA",
        "CA:TRUE",
        "Certificate Sign, CRL Sign",
        "ecdsa-with-SHA256",
        "prime256v1",
        "X509v3 Basic Constraints: critical",
        "X509v3 Key Usage: critical",
    ] {
        assert!(root.contains(part), "{part} is missing in:\n{root}");
    }
    let leaf = openssl(&["x509", "-in", "leaf.pem", "-noout", "-text"], directory.path()).unwrap();
    for part in [
        "DNS:kms.example.com, IP Address:10.0.0.5, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        "TLS Web Server Authentication",
        "CA:FALSE",
        "Authority Key Identifier",
    ] {
        assert!(leaf.contains(part), "{part} is missing in:\n{leaf}");
    }
    // 20 years less a week from now, the root is still valid; 825 days from now, the leaf is not.
    let (day, year) = (86_400u32, 31_557_600u32);
    assert!(succeeds(&["x509", "-in", "ca.pem", "-checkend", &(20 * year - 7 * day).to_string()], directory.path()));
    assert!(!succeeds(&["x509", "-in", "ca.pem", "-checkend", &(20 * year + 7 * day).to_string()], directory.path()));
    assert!(succeeds(&["x509", "-in", "leaf.pem", "-checkend", &(824 * day).to_string()], directory.path()));
    assert!(!succeeds(&["x509", "-in", "leaf.pem", "-checkend", &(825 * day).to_string()], directory.path()));
    for (option, name) in [("-verify_hostname", "kms.example.com"), ("-verify_ip", "10.0.0.5"), ("-verify_ip", "::1")] {
        let arguments =
            ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", option, name, "leaf.pem"];
        assert!(succeeds(&arguments, directory.path()), "{name}");
    }
    for (option, name) in [("-verify_hostname", "other.example.com"), ("-verify_ip", "10.0.0.6")] {
        let arguments = ["verify", "-purpose", "sslserver", "-CAfile", "ca.pem", option, name, "leaf.pem"];
        assert!(!succeeds(&arguments, directory.path()), "{name}");
    }
}

fn write(directory: &Path, authority: &CertificateAuthority, server: &ServerCertificate) {
    std::fs::write(directory.join("ca.pem"), authority.ca_certificate_pem().unwrap()).unwrap();
    let leaf = pem::encode_certificate(&server.certificate_chain_der[0]).unwrap();
    std::fs::write(directory.join("leaf.pem"), leaf).unwrap();
}

/// The output of OpenSSL, or `None` with a message if there is no OpenSSL.
fn openssl(arguments: &[&str], directory: &Path) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments).current_dir(directory).output() else {
        println!("skipped: no openssl on this machine");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

fn succeeds(arguments: &[&str], directory: &Path) -> bool {
    Command::new("openssl").args(arguments).current_dir(directory).output().unwrap().status.success()
}
