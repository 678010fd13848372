//! Targets for encoded keys: client key files, PEM, DER (instance-api 1.9, 5.4).

use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::{KeySpec, PrivateKey, PublicKey};
use claviger_crypto::client_key as file;
use claviger_crypto::pem::{self as armor, Label};

/// The password of the seeds.
pub const PASSWORD: &str = "Fuzz-2026-pass";

/// Input: a PKCS#12 file, opened with the password of the seeds and with an empty one.
pub(super) fn client_key(input: &[u8]) {
    for password in [PASSWORD, ""] {
        let _result = file::open(input, password);
    }
}

/// Input: PEM text. A public key or a certificate must be the same after a round trip.
pub(super) fn pem(input: &[u8]) {
    if let Ok(der) = armor::decode(Label::PublicKey, input) {
        let again = armor::encode_public_key(&der).map(|text| armor::decode(Label::PublicKey, text.as_bytes()));
        assert!(again.is_ok_and(|again| again.is_ok_and(|again| again == der)), "the key changes in a round trip");
    }
    if let Ok(der) = armor::decode(Label::Certificate, input) {
        let again = armor::encode_certificate(&der).map(|text| armor::decode(Label::Certificate, text.as_bytes()));
        assert!(
            again.is_ok_and(|again| again.is_ok_and(|again| again == der)),
            "the certificate changes in a round trip"
        );
    }
    let _result = armor::decode_private_key(&SecretBytes::copy_from(input));
}

/// The first byte selects a spec; the rest is decoded as a public key, then as a private key. An accepted public key must be
/// in the canonical DER form.
pub(super) fn der(input: &[u8]) {
    let Some((which, der)) = input.split_first() else { return };
    let Some(spec) = KeySpec::ALL.get(usize::from(*which) % KeySpec::ALL.len()) else { return };
    if let Ok(key) = PublicKey::from_spki_der(*spec, der) {
        assert!(key.spki_der() == der, "a public key that is not canonical DER was accepted");
    }
    if let Ok(key) = PrivateKey::from_pkcs8_der(*spec, &SecretBytes::copy_from(der)) {
        let public = PublicKey::from_spki_der(*spec, key.public_key().spki_der());
        assert!(public.is_ok(), "the public key of an accepted private key is refused");
    }
}
