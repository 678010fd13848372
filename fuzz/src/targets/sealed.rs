//! Targets for ciphertexts and signatures: self-describing blobs, asymmetric ciphertexts, signatures.

use std::sync::OnceLock;

use claviger_base::SecretBytes;
use claviger_crypto::Message;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey, SignatureAlgorithm};
use claviger_wire::blob as wire_blob;

/// A parsed blob must encode to the same bytes.
pub(super) fn blob(input: &[u8]) {
    if let Some(parts) = wire_blob::parse(input) {
        assert!(
            wire_blob::encode(&parts.version_id, &parts.iv, parts.sealed) == input,
            "the blob changes in a round trip"
        );
    }
}

/// Fixed test keys with the names of their specs, so that an input is reproducible in later runs.
pub const KEYS: [(&str, KeySpec, &[u8]); 4] = [
    ("RSA_2048", KeySpec::Rsa2048, include_bytes!("../../keys/RSA_2048.pkcs8")),
    ("EC_P256", KeySpec::EcP256, include_bytes!("../../keys/EC_P256.pkcs8")),
    ("EC_P256K", KeySpec::EcP256k, include_bytes!("../../keys/EC_P256K.pkcs8")),
    ("EC_SM2", KeySpec::EcSm2, include_bytes!("../../keys/EC_SM2.pkcs8")),
];

fn keys() -> &'static [PrivateKey] {
    static PARSED: OnceLock<Vec<PrivateKey>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let parse = |(_name, spec, der): (&str, KeySpec, &[u8])| {
            PrivateKey::from_pkcs8_der(spec, &SecretBytes::copy_from(der)).ok()
        };
        let parsed: Vec<_> = KEYS.into_iter().filter_map(parse).collect();
        assert!(parsed.len() == KEYS.len(), "a test key does not parse");
        parsed
    })
}

/// The first byte selects a key and an algorithm, which the key possibly does not support. Decryption may succeed or fail.
pub(super) fn asymmetric(input: &[u8]) {
    let Some((which, sealed)) = input.split_first() else { return };
    let key = keys().get(usize::from(which % 4));
    let algorithm = EncryptionAlgorithm::ALL.get(usize::from(which / 4 % 4));
    if let (Some(key), Some(algorithm)) = (key, algorithm)
        && let Ok(plaintext) = key.decrypt(*algorithm, sealed)
    {
        assert!(plaintext.len() < sealed.len(), "the plaintext is longer than the ciphertext");
    }
}

/// The same for signatures over a fixed message.
pub(super) fn signature(input: &[u8]) {
    let Some((which, signature)) = input.split_first() else { return };
    let key = keys().get(usize::from(which % 4));
    let algorithm = SignatureAlgorithm::ALL.get(usize::from(which / 4 % 4));
    if let (Some(key), Some(algorithm)) = (key, algorithm) {
        let _result = key.public_key().verify(*algorithm, Message::Raw(b"a message to sign"), signature);
    }
}
