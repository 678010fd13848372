//! Asymmetric keys of every spec: round trips of encryption and signatures, and refusals of everything else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::sync::OnceLock;

use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey, PublicKey, SignatureAlgorithm};
use claviger_crypto::pem::{self, Label};
use claviger_crypto::{KeyRejected, Message, OpenFailed, SealFailed, SignFailed, VerifyFailed, digest, ecies, sm2};

/// One key of each spec, generated once.
fn key(spec: KeySpec) -> &'static PrivateKey {
    static KEYS: OnceLock<Vec<PrivateKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| KeySpec::ALL.map(|spec| fresh(spec).0).into());
    keys.iter().find(|key| key.spec() == spec).unwrap()
}

fn fresh(spec: KeySpec) -> (PrivateKey, SecretBytes) {
    let pkcs8 = PrivateKey::generate_pkcs8_der(spec).unwrap();
    (PrivateKey::from_pkcs8_der(spec, &pkcs8).unwrap(), pkcs8)
}

fn seals() -> impl Iterator<Item = (KeySpec, EncryptionAlgorithm)> {
    KeySpec::ALL
        .into_iter()
        .flat_map(|spec| spec.encryption_algorithms().iter().map(move |algorithm| (spec, *algorithm)))
}

fn signs() -> impl Iterator<Item = (KeySpec, SignatureAlgorithm)> {
    KeySpec::ALL
        .into_iter()
        .flat_map(|spec| spec.signature_algorithms().iter().map(move |algorithm| (spec, *algorithm)))
}

/// How much longer a ciphertext is than its plaintext; an RSA ciphertext has a fixed length.
fn sealed_len(spec: KeySpec, plaintext_len: usize) -> usize {
    match spec {
        KeySpec::Rsa2048 => 256,
        KeySpec::Rsa3072 => 384,
        KeySpec::Rsa4096 => 512,
        KeySpec::EcP256 | KeySpec::EcP256k => plaintext_len + ecies::OVERHEAD,
        KeySpec::EcSm2 => plaintext_len + sm2::OVERHEAD,
    }
}

#[test]
fn every_algorithm_opens_what_it_sealed_up_to_its_longest_plaintext() {
    for (spec, algorithm) in seals() {
        let longest = spec.plaintext_max(algorithm).unwrap_or(1 << 20);
        for len in [1, 2, 16, 19, 20, 21, 32, 33, 100, longest - 1, longest] {
            let plaintext: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let sealed = key(spec).public_key().encrypt(algorithm, &plaintext).unwrap();
            assert_eq!(sealed.len(), sealed_len(spec, len), "{spec:?} {algorithm:?} {len}");
            assert_eq!(
                key(spec).decrypt(algorithm, &sealed).unwrap().reveal(),
                plaintext,
                "{spec:?} {algorithm:?} {len}"
            );
            let again = key(spec).public_key().encrypt(algorithm, &plaintext).unwrap();
            assert_ne!(again, sealed, "{spec:?} {algorithm:?}: sealing is randomized");
        }
    }
}

#[test]
fn one_byte_more_than_the_longest_plaintext_is_refused() {
    let mut refused = 0;
    for (spec, algorithm) in seals() {
        let Some(longest) = spec.plaintext_max(algorithm) else { continue };
        for len in [longest + 1, longest + 2, 2 * longest] {
            let outcome = key(spec).public_key().encrypt(algorithm, &vec![7; len]);
            assert_eq!(outcome, Err(SealFailed), "{spec:?} {algorithm:?} {len}");
            refused += 1;
        }
    }
    assert_eq!(refused, 21);
    let empty = key(KeySpec::EcSm2).public_key().encrypt(EncryptionAlgorithm::Sm2Pke, b"");
    assert_eq!(empty, Err(SealFailed), "SM2 has no ciphertext of nothing");
}

#[test]
fn the_longest_sm2_plaintext_seals_to_the_documented_6144_bytes() {
    let key = key(KeySpec::EcSm2);
    let sealed = key.public_key().encrypt(EncryptionAlgorithm::Sm2Pke, &[1; 6047]).unwrap();
    assert_eq!(sealed.len(), 6144);
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_sealed_message_is_refused() {
    for (spec, algorithm) in seals() {
        // Flipping one bit per byte of the large RSA blocks keeps the test short; for the small ones every bit is
        // flipped.
        let step = if sealed_len(spec, 0) > 256 { 8 } else { 1 };
        let sealed = key(spec).public_key().encrypt(algorithm, b"plaintext").unwrap();
        for bit in (0..sealed.len() * 8).step_by(step) {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key(spec).decrypt(algorithm, &changed).unwrap_err(), OpenFailed, "{spec:?} {algorithm:?} {bit}");
        }
        for len in 0..sealed.len() {
            assert_eq!(key(spec).decrypt(algorithm, &sealed[..len]).unwrap_err(), OpenFailed, "{spec:?} {len}");
        }
        let longer = [&sealed[..], &[0]].concat();
        assert_eq!(key(spec).decrypt(algorithm, &longer).unwrap_err(), OpenFailed, "{spec:?} {algorithm:?}");
    }
}

#[test]
fn another_key_or_another_algorithm_opens_nothing() {
    for (spec, algorithm) in seals() {
        let sealed = key(spec).public_key().encrypt(algorithm, b"plaintext").unwrap();
        for other in EncryptionAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
            assert_eq!(key(spec).decrypt(other, &sealed).unwrap_err(), OpenFailed, "{spec:?} {other:?}");
        }
        for other in KeySpec::ALL.into_iter().filter(|other| *other != spec) {
            assert_eq!(key(other).decrypt(algorithm, &sealed).unwrap_err(), OpenFailed, "{other:?} {algorithm:?}");
        }
    }
    for (spec, algorithm) in seals().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
        let sealed = key(spec).public_key().encrypt(algorithm, b"plaintext").unwrap();
        assert_eq!(fresh(spec).0.decrypt(algorithm, &sealed).unwrap_err(), OpenFailed, "{spec:?}");
    }
}

#[test]
fn every_algorithm_verifies_what_it_signed_raw_and_by_digest() {
    for (spec, algorithm) in signs() {
        let (key, public) = (key(spec), key(spec).public_key());
        let signature = key.sign(algorithm, Message::Raw(b"message")).unwrap();
        assert_eq!(public.verify(algorithm, Message::Raw(b"message"), &signature), Ok(()), "{spec:?} {algorithm:?}");
        assert_eq!(public.verify(algorithm, Message::Raw(b"massage"), &signature), Err(VerifyFailed), "{spec:?}");
        assert_eq!(public.verify(algorithm, Message::Raw(b""), &signature), Err(VerifyFailed), "{spec:?}");
        let given = digest::sha256(b"message");
        let by_digest = key.sign(algorithm, Message::Digest(&given)).unwrap();
        assert_eq!(public.verify(algorithm, Message::Digest(&given), &by_digest), Ok(()), "{spec:?} {algorithm:?}");
        // Every algorithm but SM2DSA signs the SHA-256 digest of the message; SM2DSA has its own hash and identity.
        let crossed = if algorithm == SignatureAlgorithm::Sm2Dsa { Err(VerifyFailed) } else { Ok(()) };
        assert_eq!(public.verify(algorithm, Message::Digest(&given), &signature), crossed, "{spec:?} {algorithm:?}");
        assert_eq!(public.verify(algorithm, Message::Raw(b"message"), &by_digest), crossed, "{spec:?} {algorithm:?}");
        let empty = key.sign(algorithm, Message::Raw(b"")).unwrap();
        assert_eq!(public.verify(algorithm, Message::Raw(b""), &empty), Ok(()), "{spec:?} {algorithm:?}");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_signature_is_refused() {
    for (spec, algorithm) in signs() {
        let (key, public) = (key(spec), key(spec).public_key());
        let signature = key.sign(algorithm, Message::Raw(b"message")).unwrap();
        let step = if signature.len() > 256 { 8 } else { 1 };
        for bit in (0..signature.len() * 8).step_by(step) {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let outcome = public.verify(algorithm, Message::Raw(b"message"), &changed);
            assert_eq!(outcome, Err(VerifyFailed), "{spec:?} {algorithm:?} {bit}");
        }
        for bad in [&signature[..signature.len() - 1], &signature[1..], &[], &[&signature[..], &[0]].concat()] {
            assert_eq!(public.verify(algorithm, Message::Raw(b"message"), bad), Err(VerifyFailed), "{spec:?}");
        }
    }
}

#[test]
fn an_algorithm_of_another_spec_signs_and_seals_nothing() {
    for spec in KeySpec::ALL {
        for algorithm in SignatureAlgorithm::ALL {
            if !spec.signature_algorithms().contains(&algorithm) {
                assert_eq!(key(spec).sign(algorithm, Message::Raw(b"m")), Err(SignFailed), "{spec:?} {algorithm:?}");
            }
        }
        for algorithm in EncryptionAlgorithm::ALL {
            if !spec.encryption_algorithms().contains(&algorithm) {
                assert_eq!(key(spec).public_key().encrypt(algorithm, b"m"), Err(SealFailed), "{spec:?} {algorithm:?}");
            }
        }
    }
}

#[test]
fn keys_are_taken_for_their_own_spec_alone() {
    for spec in KeySpec::ALL {
        let (key, pkcs8) = fresh(spec);
        let spki = key.public_key().spki_der();
        for other in KeySpec::ALL {
            let private = PrivateKey::from_pkcs8_der(other, &pkcs8).map(|key| key.spec());
            assert_eq!(private, if other == spec { Ok(spec) } else { Err(KeyRejected) }, "{spec:?} as {other:?}");
            let public = PublicKey::from_spki_der(other, spki).map(|key| key.spec());
            assert_eq!(public, if other == spec { Ok(spec) } else { Err(KeyRejected) }, "{spec:?} as {other:?}");
        }
        let der = pkcs8.reveal();
        for bad in [&[][..], &der[..der.len() - 1], &[der, &[0]].concat(), spki] {
            let bad = SecretBytes::copy_from(bad);
            assert_eq!(PrivateKey::from_pkcs8_der(spec, &bad).map(|key| key.spec()), Err(KeyRejected), "{spec:?}");
        }
        for bad in [&[][..], &spki[..spki.len() - 1], &[spki, &[0]].concat(), der] {
            assert_eq!(PublicKey::from_spki_der(spec, bad).map(|key| key.spec()), Err(KeyRejected), "{spec:?}");
        }
    }
}

#[test]
fn a_public_key_travels_as_pem_and_verifies_on_its_own() {
    for (spec, algorithm) in signs() {
        let text = key(spec).public_key().pem().unwrap();
        let spki = pem::decode(Label::PublicKey, text.as_bytes()).unwrap();
        let public = PublicKey::from_spki_der(spec, &spki).unwrap();
        let signature = key(spec).sign(algorithm, Message::Raw(b"message")).unwrap();
        assert_eq!(public.verify(algorithm, Message::Raw(b"message"), &signature), Ok(()), "{spec:?}");
    }
    for (spec, algorithm) in seals() {
        let public = PublicKey::from_spki_der(spec, key(spec).public_key().spki_der()).unwrap();
        let sealed = public.encrypt(algorithm, b"plaintext").unwrap();
        assert_eq!(key(spec).decrypt(algorithm, &sealed).unwrap().reveal(), b"plaintext", "{spec:?}");
    }
}

#[test]
fn keys_on_curves_are_encoded_alike() {
    // AlgorithmIdentifier: id-ecPublicKey with prime256v1, secp256k1, sm2p256v1.
    let curves = [
        (KeySpec::EcP256, "301306072a8648ce3d020106082a8648ce3d030107"),
        (KeySpec::EcP256k, "301006072a8648ce3d020106052b8104000a"),
        (KeySpec::EcSm2, "301306072a8648ce3d020106082a811ccf5501822d"),
    ];
    for (spec, curve) in curves {
        let (key, pkcs8) = fresh(spec);
        let spki = hex::encode(key.public_key().spki_der());
        let point = spki[4..].strip_prefix(&format!("{curve}034200")).unwrap();
        assert!(point.starts_with("04") && point.len() == 130, "{spec:?}");
        // SEQUENCE, INTEGER 0, algorithm, OCTET STRING { SEQUENCE { INTEGER 1, OCTET STRING 32, [1] BIT STRING } }:
        // no [0] parameters inside.
        let body = hex::encode(pkcs8.reveal());
        let body = body[6..].strip_prefix(&format!("020100{curve}046d306b0201010420")).unwrap();
        assert_eq!(&body[64..], format!("a144034200{point}"), "{spec:?}");
    }
}
