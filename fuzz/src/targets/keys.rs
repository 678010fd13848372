//! Keys in their written forms: client key files, PEM, DER (instance-api 1.9, 5.4).

use claviger_base::SecretBytes;
use claviger_crypto::asymmetric::{KeySpec, PrivateKey, PublicKey};
use claviger_crypto::client_key as file;
use claviger_crypto::pem::{self as armor, Label};

/// The password of the seeds.
pub const PASSWORD: &str = "Fuzz-2026-pass";

/// A PKCS#12 file, tried with the seeds' password and with another.
pub(super) fn client_key(input: &[u8]) {
    for password in [PASSWORD, ""] {
        let _opened_or_not = file::open(input, password);
    }
}

/// Text that decodes under a label; a public key or certificate is the same after another round.
pub(super) fn pem(input: &[u8]) {
    if let Ok(der) = armor::decode(Label::PublicKey, input) {
        let again = armor::encode_public_key(&der).map(|text| armor::decode(Label::PublicKey, text.as_bytes()));
        assert!(again.is_ok_and(|again| again.is_ok_and(|again| again == der)), "another key");
    }
    if let Ok(der) = armor::decode(Label::Certificate, input) {
        let again = armor::encode_certificate(&der).map(|text| armor::decode(Label::Certificate, text.as_bytes()));
        assert!(again.is_ok_and(|again| again.is_ok_and(|again| again == der)), "another certificate");
    }
    let _opened_or_not = armor::decode_private_key(&SecretBytes::copy_from(input));
}

/// The first byte chooses a spec; the rest is tried as a public key, then as a private one. A public key that is accepted is in
/// the one DER form.
pub(super) fn der(input: &[u8]) {
    let Some((which, der)) = input.split_first() else { return };
    let Some(spec) = KeySpec::ALL.get(usize::from(*which) % KeySpec::ALL.len()) else { return };
    if let Ok(key) = PublicKey::from_spki_der(*spec, der) {
        assert!(key.spki_der() == der, "a public key in another form");
    }
    if let Ok(key) = PrivateKey::from_pkcs8_der(*spec, &SecretBytes::copy_from(der)) {
        let public = PublicKey::from_spki_der(*spec, key.public_key().spki_der());
        assert!(public.is_ok(), "a private key whose public half is refused");
    }
}
