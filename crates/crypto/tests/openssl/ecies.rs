//! ECIES step by step: Diffie-Hellman, the X9.63 KDF and HMAC by OpenSSL, the rest by this test.

use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey};
use claviger_crypto::pem;

use crate::{Bench, MESSAGE};

/// The keys that OpenSSL derives from `inkey` and `peer`: for encryption and for the MAC.
fn keys(bench: &Bench, inkey: &str, peer: &str, len: usize) -> (Vec<u8>, Vec<u8>) {
    let z = hex::encode(bench.openssl(&format!("pkeyutl -derive -inkey {inkey} -peerkey {peer}")));
    let keylen = len + 20;
    let k = bench.openssl(&format!("kdf -keylen {keylen} -kdfopt digest:SHA1 -kdfopt hexsecret:{z} -binary X963KDF"));
    (k[..len].to_vec(), k[len..].to_vec())
}

fn tag(bench: &Bench, mac_key: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    bench.write("ciphertext", ciphertext);
    bench.openssl(&format!("dgst -sha1 -mac HMAC -macopt hexkey:{} -binary ciphertext", hex::encode(mac_key)))
}

fn xor(data: &[u8], key: &[u8]) -> Vec<u8> {
    data.iter().zip(key).map(|(byte, key)| byte ^ key).collect()
}

fn both_ways(spec: KeySpec) {
    let Some(bench) = Bench::new(spec) else { return };
    let algorithm = EncryptionAlgorithm::EciesDhSha1XorHmac;
    // Replaces the point at the end of the SPKI by the ephemeral one.
    let spki = bench.key.public_key().spki_der();
    let header = &spki[..spki.len() - 65];

    let sealed = bench.key.public_key().encrypt(algorithm, MESSAGE).unwrap();
    let ephemeral = pem::encode_public_key(&[header, &sealed[..65]].concat()).unwrap();
    bench.write("ephemeral.pem", ephemeral.as_bytes());
    let (encryption_key, mac_key) = keys(&bench, "key.pem", "ephemeral.pem", MESSAGE.len());
    let (ciphertext, sealed_tag) = sealed[65..].split_at(MESSAGE.len());
    assert_eq!(tag(&bench, &mac_key, ciphertext), sealed_tag, "{spec:?}");
    assert_eq!(xor(ciphertext, &encryption_key), MESSAGE, "{spec:?}");

    let pkcs8 = PrivateKey::generate_pkcs8_der(spec).unwrap();
    bench.write("ephemeral.key", pem::encode_private_key(&pkcs8).unwrap().reveal());
    let ephemeral = PrivateKey::from_pkcs8_der(spec, &pkcs8).unwrap();
    let point = &ephemeral.public_key().spki_der()[header.len()..];
    let (encryption_key, mac_key) = keys(&bench, "ephemeral.key", "pub.pem", MESSAGE.len());
    let ciphertext = xor(MESSAGE, &encryption_key);
    let sealed = [point, &ciphertext, &tag(&bench, &mac_key, &ciphertext)].concat();
    assert_eq!(bench.key.decrypt(algorithm, &sealed).unwrap().reveal(), MESSAGE, "{spec:?}");
}

#[test]
fn on_p256() {
    both_ways(KeySpec::EcP256);
}

#[test]
fn on_secp256k1() {
    both_ways(KeySpec::EcP256k);
}
