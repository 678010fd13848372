//! What callers hand in to be opened or verified: self-describing blobs, asymmetric ciphertexts, signatures.

use std::sync::OnceLock;

use claviger_base::SecretBytes;
use claviger_crypto::Message;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey, SignatureAlgorithm};
use claviger_wire::blob as wire_blob;

/// A blob that is taken apart is the same when it is put together again.
pub(super) fn blob(input: &[u8]) {
    if let Some(parts) = wire_blob::parse(input) {
        assert!(wire_blob::encode(&parts.version_id, &parts.iv, parts.sealed) == input, "another blob");
    }
}

/// Fixed keys, so that an input found in one run means the same in the next; they protect nothing.
pub const KEYS: [(KeySpec, &[u8]); 4] = [
    (KeySpec::Rsa2048, include_bytes!("../../keys/RSA_2048.pkcs8")),
    (KeySpec::EcP256, include_bytes!("../../keys/EC_P256.pkcs8")),
    (KeySpec::EcP256k, include_bytes!("../../keys/EC_P256K.pkcs8")),
    (KeySpec::EcSm2, include_bytes!("../../keys/EC_SM2.pkcs8")),
];

fn keys() -> &'static [PrivateKey] {
    static PARSED: OnceLock<Vec<PrivateKey>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let parse = |(spec, der): (KeySpec, &[u8])| PrivateKey::from_pkcs8_der(spec, &SecretBytes::copy_from(der)).ok();
        let parsed: Vec<_> = KEYS.into_iter().filter_map(parse).collect();
        assert!(parsed.len() == KEYS.len(), "a key of the fuzzer does not parse");
        parsed
    })
}

/// The first byte chooses a key and an algorithm, its own or a foreign one. Nothing that nobody sealed opens, but whatever
/// happens is an answer.
pub(super) fn asymmetric(input: &[u8]) {
    let Some((which, sealed)) = input.split_first() else { return };
    let key = keys().get(usize::from(which % 4));
    let algorithm = EncryptionAlgorithm::ALL.get(usize::from(which / 4 % 4));
    if let (Some(key), Some(algorithm)) = (key, algorithm)
        && let Ok(plaintext) = key.decrypt(*algorithm, sealed)
    {
        assert!(plaintext.len() < sealed.len(), "more came out than went in");
    }
}

/// Likewise for signatures over a fixed message.
pub(super) fn signature(input: &[u8]) {
    let Some((which, signature)) = input.split_first() else { return };
    let key = keys().get(usize::from(which % 4));
    let algorithm = SignatureAlgorithm::ALL.get(usize::from(which / 4 % 4));
    if let (Some(key), Some(algorithm)) = (key, algorithm) {
        let _holds_or_not = key.public_key().verify(*algorithm, Message::Raw(b"a message to sign"), signature);
    }
}
