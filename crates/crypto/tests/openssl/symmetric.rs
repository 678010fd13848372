//! HMAC, and the counter mode inside SM4-GCM (this OpenSSL's command line has no GCM).

use claviger_base::SecretBytes;
use claviger_crypto::aead::{AeadKey, Algorithm};
use claviger_crypto::asymmetric::KeySpec;
use claviger_crypto::mac::HmacSha256Key;

use crate::{Bench, MESSAGE};

#[test]
fn hmac_sha256() {
    let Some(bench) = Bench::new(KeySpec::EcP256) else { return };
    let material = HmacSha256Key::generate().unwrap();
    let hexkey = hex::encode(material.reveal());
    let tag = bench.openssl(&format!("dgst -sha256 -mac HMAC -macopt hexkey:{hexkey} -binary message"));
    let key = HmacSha256Key::new(&material).unwrap();
    assert_eq!(key.sign(MESSAGE).as_slice(), tag);
    assert_eq!(key.verify(MESSAGE, &tag), Ok(()));
}

#[test]
fn sm4_in_counter_mode() {
    let Some(bench) = Bench::new(KeySpec::EcP256) else { return };
    let material = SecretBytes::random(16).unwrap();
    let iv: [u8; 12] = claviger_base::random::bytes().unwrap();
    let sealed = AeadKey::new(Algorithm::Sm4Gcm, &material).unwrap().seal(&iv, b"", MESSAGE).unwrap();
    // GCM encrypts from counter 2 on; counter 1 is for the tag.
    let (hexkey, counter) = (hex::encode(material.reveal()), format!("{}00000002", hex::encode(iv)));
    let ciphertext = bench.openssl(&format!("enc -sm4-ctr -K {hexkey} -iv {counter} -in message"));
    assert_eq!(&sealed[..MESSAGE.len()], ciphertext);
}
