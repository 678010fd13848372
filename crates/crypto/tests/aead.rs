//! AES-256-GCM with the vectors of the two specifications, and everything that it must refuse.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use claviger_base::SecretBytes;
use claviger_crypto::{Aes256GcmKey, KeyLengthWrong, OpenFailed};

const IV: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
/// SHA-256("a=1&b=2"), the associated data of both specifications.
const AAD: &str = "8e85be58c1c372ac29fe7bfa80d8ddcbd04a4032c7b51c1c026d67c55b1ab23f";

fn key() -> Aes256GcmKey {
    Aes256GcmKey::new(&SecretBytes::new((0..32).collect())).unwrap()
}

#[test]
fn associated_data_of_the_vectors_is_the_digest_they_name() {
    assert_eq!(hex::encode(claviger_crypto::digest::sha256(b"a=1&b=2")), AAD);
}

#[test]
fn seals_and_opens_the_vectors_of_the_specifications() {
    let aad = hex::decode(AAD).unwrap();
    let none: &[u8] = &[];
    let vectors: [(&[u8], &[u8], &str); 4] = [
        // instance-api 6.1, the part of the blob after the vector.
        (none, b"hello", "2f67ba77aa2797ff353b8a046d28236dcd9d057bbb"),
        (&aad, b"hello", "2f67ba77aab0debab8c2ce717b9714fdbb8311edb9"),
        // rpc-api 10.1, Base64 of the blob from byte 48 on.
        (none, b"aGVsbG8=", "26458068a7a2fa264670154b361980e32d6cea1bcd474366"),
        (&aad, b"aGVsbG8=", "26458068a7a2fa26d13950c6cf5df5f5925b7a6dd353d564"),
    ];
    for (aad, plaintext, sealed) in vectors {
        let sealed = hex::decode(sealed).unwrap();
        assert_eq!(key().seal(&IV, aad, plaintext).unwrap(), sealed);
        assert_eq!(key().open(&IV, aad, &sealed).unwrap().reveal(), plaintext);
    }
}

#[test]
fn every_changed_bit_and_every_cut_is_refused() {
    let sealed = key().seal(&IV, b"aad", b"hello").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key().open(&IV, b"aad", &changed).unwrap_err(), OpenFailed);
    }
    for len in 0..sealed.len() {
        assert_eq!(key().open(&IV, b"aad", &sealed[..len]).unwrap_err(), OpenFailed);
    }
    assert_eq!(key().open(&IV, b"aae", &sealed).unwrap_err(), OpenFailed);
    assert_eq!(key().open(&IV, b"", &sealed).unwrap_err(), OpenFailed);
    let mut iv = IV;
    iv[0] ^= 0x80;
    assert_eq!(key().open(&iv, b"aad", &sealed).unwrap_err(), OpenFailed);
    let other = Aes256GcmKey::new(&SecretBytes::new(vec![7; 32])).unwrap();
    assert_eq!(other.open(&IV, b"aad", &sealed).unwrap_err(), OpenFailed);
}

#[test]
fn a_drawn_vector_is_new_each_time_and_opens() {
    let (iv, sealed) = key().seal_random(b"aad", b"").unwrap();
    let (again, _) = key().seal_random(b"aad", b"").unwrap();
    assert_ne!(iv, again);
    assert_eq!(sealed.len(), 16);
    assert!(key().open(&iv, b"aad", &sealed).unwrap().is_empty());
}

#[test]
fn other_key_lengths_are_refused() {
    for len in [0, 16, 24, 31, 33, 64] {
        assert_eq!(Aes256GcmKey::new(&SecretBytes::new(vec![1; len])).unwrap_err(), KeyLengthWrong);
    }
}
