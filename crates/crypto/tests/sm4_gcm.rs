//! SM4-GCM with the standards' vectors, and everything that it must refuse.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use claviger_base::SecretBytes;
use claviger_crypto::aead::{AeadKey, Algorithm};
use claviger_crypto::{KeyLengthWrong, OpenFailed};
use sm4::Sm4;
use sm4::cipher::{BlockCipherEncrypt as _, KeyInit as _};

// RFC 8998 appendix A.1.
const KEY: &str = "0123456789abcdeffedcba9876543210";
const IV: &str = "00001234567800000000abcd";
const AAD: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const PLAINTEXT: &str = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa";
const CIPHERTEXT: &str = "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d";
const TAG: &str = "83de3541e4c2b58177e065a9bf7b62ec";

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn key() -> AeadKey {
    AeadKey::new(Algorithm::Sm4Gcm, &SecretBytes::new(bytes(KEY))).unwrap()
}

fn iv() -> [u8; 12] {
    bytes(IV).try_into().unwrap()
}

/// GB/T 32907-2016 appendix A: the block cipher itself, once and a million times.
#[test]
fn sm4_enciphers_the_examples_of_the_standard() {
    let cipher = Sm4::new_from_slice(&bytes(KEY)).unwrap();
    let mut block = <[u8; 16]>::try_from(bytes(KEY)).unwrap().into();
    cipher.encrypt_block(&mut block);
    assert_eq!(hex::encode(block), "681edf34d206965e86b3e94f536e4246");
    for _ in 1..1_000_000 {
        cipher.encrypt_block(&mut block);
    }
    assert_eq!(hex::encode(block), "595298c7c6fd271f0402f804c33d3f66");
}

#[test]
fn seals_and_opens_the_vector_of_rfc_8998() {
    let sealed = key().seal(&iv(), &bytes(AAD), &bytes(PLAINTEXT)).unwrap();
    assert_eq!(hex::encode(&sealed), format!("{CIPHERTEXT}{TAG}"));
    assert_eq!(key().open(&iv(), &bytes(AAD), &sealed).unwrap().reveal(), bytes(PLAINTEXT));
}

#[test]
fn every_changed_bit_and_every_cut_is_refused() {
    let sealed = key().seal(&iv(), b"aad", b"hello").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key().open(&iv(), b"aad", &changed).unwrap_err(), OpenFailed);
    }
    for len in 0..sealed.len() {
        assert_eq!(key().open(&iv(), b"aad", &sealed[..len]).unwrap_err(), OpenFailed);
    }
    assert_eq!(key().open(&iv(), b"aae", &sealed).unwrap_err(), OpenFailed);
    assert_eq!(key().open(&[0; 12], b"aad", &sealed).unwrap_err(), OpenFailed);
    let other = AeadKey::new(Algorithm::Sm4Gcm, &SecretBytes::new(vec![7; 16])).unwrap();
    assert_eq!(other.open(&iv(), b"aad", &sealed).unwrap_err(), OpenFailed);
}

#[test]
fn both_algorithms_take_their_own_keys_and_draw_a_new_vector_each_time() {
    for algorithm in Algorithm::ALL {
        let material = algorithm.generate_key().unwrap();
        let key = AeadKey::new(algorithm, &material).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        for plaintext in [&b""[..], b"x", &[7; 6144]] {
            let (iv, sealed) = key.seal_random(b"aad", plaintext).unwrap();
            let (again, _) = key.seal_random(b"aad", plaintext).unwrap();
            assert_ne!(iv, again);
            assert_eq!(sealed.len(), plaintext.len() + 16);
            assert_eq!(key.open(&iv, b"aad", &sealed).unwrap().reveal(), plaintext);
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                let other = AeadKey::new(other, &other.generate_key().unwrap()).unwrap();
                assert_eq!(other.open(&iv, b"aad", &sealed).unwrap_err(), OpenFailed);
            }
        }
        for len in (0..=64).filter(|len| *len != algorithm.key_len()) {
            let refused = AeadKey::new(algorithm, &SecretBytes::new(vec![1; len])).unwrap_err();
            assert_eq!(refused, KeyLengthWrong, "{algorithm:?} {len}");
        }
    }
}
