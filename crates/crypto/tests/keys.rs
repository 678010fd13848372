//! Keys: their encodings byte by byte, their signatures, and what is refused as a key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use claviger_base::SecretBytes;
use claviger_crypto::{KeyRejected, VerifyFailed, ec, ed25519, rsa};

/// AlgorithmIdentifier rsaEncryption with NULL.
const RSA_ENCRYPTION: &str = "300d06092a864886f70d0101010500";
/// AlgorithmIdentifier id-ecPublicKey with the named curve prime256v1.
const EC_P256: &str = "301306072a8648ce3d020106082a8648ce3d030107";

#[test]
fn rsa_keys_are_pkcs8_version_1_and_spki_with_null() {
    let lengths =
        [(rsa::ModulusLength::Bits2048, 256), (rsa::ModulusLength::Bits3072, 384), (rsa::ModulusLength::Bits4096, 512)];
    for (length, bytes) in lengths {
        let key = rsa::PrivateKey::generate(length).unwrap();
        let pkcs8 = key.pkcs8_der().unwrap();
        // SEQUENCE (long form), INTEGER 0, rsaEncryption, OCTET STRING.
        assert!(hex::encode(&pkcs8.reveal()[4..]).starts_with(&format!("020100{RSA_ENCRYPTION}0482")));
        let spki = key.spki_der().unwrap();
        assert!(hex::encode(&spki[4..]).starts_with(&format!("{RSA_ENCRYPTION}0382")));
        assert!(hex::encode(&spki).ends_with("0203010001"), "e = 65537");
        let signature = key.sign_pkcs1_sha256(b"message").unwrap();
        assert_eq!(signature.len(), bytes);
        let again = rsa::PrivateKey::from_pkcs8_der(&pkcs8).unwrap();
        assert_eq!(again.sign_pkcs1_sha256(b"message").unwrap(), signature, "PKCS#1 v1.5 is deterministic");
        let public = rsa::PublicKey::from_spki_der(&spki).unwrap();
        assert_eq!(public.verify_pkcs1_sha256(b"message", &signature), Ok(()));
        assert_eq!(public.verify_pkcs1_sha256(b"massage", &signature), Err(VerifyFailed));
        assert_eq!(public.verify_pkcs1_sha256(b"message", &signature[1..]), Err(VerifyFailed));
    }
}

#[test]
fn p256_keys_hold_their_point_and_name_their_curve_once() {
    let key = ec::PrivateKey::generate().unwrap();
    let spki = hex::encode(key.spki_der().unwrap());
    let point = spki.strip_prefix(&format!("3059{EC_P256}034200")).unwrap();
    assert!(point.starts_with("04") && point.len() == 130);
    let pkcs8 = key.pkcs8_der().unwrap();
    // SEQUENCE, INTEGER 0, id-ecPublicKey, OCTET STRING { SEQUENCE { INTEGER 1, OCTET STRING 32, [1] BIT STRING } }:
    // no [0] parameters inside.
    let body = hex::encode(pkcs8.reveal());
    let body = body.strip_prefix(&format!("308187020100{EC_P256}046d306b0201010420")).unwrap();
    assert_eq!(&body[64..], format!("a144034200{point}"));

    let signature = ec::PrivateKey::from_pkcs8_der(&pkcs8).unwrap().sign_sha256(b"message").unwrap();
    let public = ec::PublicKey::from_spki_der(&key.spki_der().unwrap()).unwrap();
    assert_eq!(public.verify_sha256(b"message", &signature), Ok(()));
    assert_eq!(public.verify_sha256(b"massage", &signature), Err(VerifyFailed));
}

#[test]
fn ed25519_signs_the_published_example() {
    // RFC 8032 7.1, test 2.
    let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c\
                     387b2eaeb4302aeeb00d291612bb0c00";
    let key = ed25519::SigningKey::from_seed(&SecretBytes::new(seed)).unwrap();
    assert_eq!(hex::encode(key.public_key().unwrap().as_bytes()), public);
    assert_eq!(hex::encode(key.sign(&[0x72]).unwrap()), signature);
    let random_seed = SecretBytes::random(ed25519::SEED_LEN).unwrap();
    let generated = ed25519::SigningKey::from_seed(&random_seed).unwrap();
    let signature = generated.sign(b"message").unwrap();
    assert_eq!(generated.public_key().unwrap().verify(b"message", &signature), Ok(()));
    assert_eq!(key.public_key().unwrap().verify(b"message", &signature), Err(VerifyFailed));
    for len in [0, 31, 33, 64] {
        assert_eq!(ed25519::SigningKey::from_seed(&SecretBytes::new(vec![1; len])).unwrap_err(), KeyRejected);
        assert_eq!(ed25519::PublicKey::from_bytes(&vec![1; len]).unwrap_err(), KeyRejected);
    }
}

#[test]
fn what_is_not_exactly_a_key_of_the_kind_is_refused() {
    let rsa_key = rsa::PrivateKey::generate_2048().unwrap();
    let ec_key = ec::PrivateKey::generate().unwrap();
    let (rsa_spki, ec_spki) = (rsa_key.spki_der().unwrap(), ec_key.spki_der().unwrap());
    let trailing = |der: &[u8]| [der, &[0]].concat();
    let cut = |der: &[u8]| der[..der.len() - 1].to_vec();
    assert!(aws_lc_rs::rsa::PublicKey::from_der(&rsa_1024_spki()).is_ok(), "refused below for its length alone");
    for bad in [vec![], trailing(&rsa_spki), cut(&rsa_spki), ec_spki.clone(), rsa_1024_spki()] {
        assert_eq!(rsa::PublicKey::from_spki_der(&bad).unwrap_err(), KeyRejected);
    }
    let point = ec_spki[26..].to_vec();
    for bad in [vec![], trailing(&ec_spki), cut(&ec_spki), rsa_spki, point] {
        assert_eq!(ec::PublicKey::from_spki_der(&bad).unwrap_err(), KeyRejected);
    }
    let (rsa_pkcs8, ec_pkcs8) = (rsa_key.pkcs8_der().unwrap(), ec_key.pkcs8_der().unwrap());
    for bad in [vec![], trailing(rsa_pkcs8.reveal()), cut(rsa_pkcs8.reveal()), ec_pkcs8.reveal().to_vec()] {
        assert_eq!(rsa::PrivateKey::from_pkcs8_der(&SecretBytes::new(bad)).unwrap_err(), KeyRejected);
    }
    for bad in [vec![], trailing(ec_pkcs8.reveal()), cut(ec_pkcs8.reveal()), rsa_pkcs8.reveal().to_vec()] {
        assert_eq!(ec::PrivateKey::from_pkcs8_der(&SecretBytes::new(bad)).unwrap_err(), KeyRejected);
    }
}

/// A well-formed key that is too short: an odd 1024-bit number as modulus, e = 65537.
fn rsa_1024_spki() -> Vec<u8> {
    let modulus = format!("c{}1", "0".repeat(254));
    hex::decode(format!("30819f{RSA_ENCRYPTION}03818d00308189028181{}{modulus}0203010001", "00")).unwrap()
}
