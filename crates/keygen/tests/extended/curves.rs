//! P-384, P-521, SM2 and Ed25519: RustCrypto and dalek read what this crate made, and each library verifies what the other signed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING,
    ED25519, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey,
};
use claviger_crypto::Message;
use claviger_keygen::ExtendedSpec;
use p384::ecdsa::signature::{Signer as _, Verifier as _};
use p384::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};

use crate::{MESSAGE, pair};

#[test]
fn p384() {
    let (public, private) = pair(ExtendedSpec::EcP384);
    let secret = p384::SecretKey::from_pkcs8_der(private.reveal()).unwrap();
    assert_eq!(p384::PublicKey::from_public_key_der(&public).unwrap(), secret.public_key());
    let theirs: p384::ecdsa::DerSignature = p384::ecdsa::SigningKey::from(&secret).sign(MESSAGE);
    let key = ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, &public).unwrap();
    key.verify_sig(MESSAGE, theirs.as_bytes()).unwrap();
    assert!(key.verify_sig(b"another message", theirs.as_bytes()).is_err());
    let ours = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, private.reveal()).unwrap();
    let ours = ours.sign(&SystemRandom::new(), MESSAGE).unwrap();
    let ours = p384::ecdsa::DerSignature::try_from(ours.as_ref()).unwrap();
    let key = p384::ecdsa::VerifyingKey::from(secret.public_key());
    key.verify(MESSAGE, &ours).unwrap();
    assert!(key.verify(b"another message", &ours).is_err());
}

#[test]
fn p521() {
    let (public, private) = pair(ExtendedSpec::EcP521);
    let secret = p521::SecretKey::from_pkcs8_der(private.reveal()).unwrap();
    assert_eq!(p521::PublicKey::from_public_key_der(&public).unwrap(), secret.public_key());
    let theirs: p521::ecdsa::DerSignature = p521::ecdsa::SigningKey::from(&secret).sign(MESSAGE);
    let key = ParsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, &public).unwrap();
    key.verify_sig(MESSAGE, theirs.as_bytes()).unwrap();
    assert!(key.verify_sig(b"another message", theirs.as_bytes()).is_err());
    let ours = EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_ASN1_SIGNING, private.reveal()).unwrap();
    let ours = ours.sign(&SystemRandom::new(), MESSAGE).unwrap();
    let ours = p521::ecdsa::DerSignature::try_from(ours.as_ref()).unwrap();
    let key = p521::ecdsa::VerifyingKey::from(secret.public_key());
    key.verify(MESSAGE, &ours).unwrap();
    assert!(key.verify(b"another message", &ours).is_err());
}

/// The same library makes and reads these pairs; `command_lines` checks them with OpenSSL.
#[test]
fn sm2() {
    let (public, private) = pair(ExtendedSpec::EcSm2);
    let secret = sm2::SecretKey::from_pkcs8_der(private.reveal()).unwrap();
    assert_eq!(sm2::PublicKey::from_public_key_der(&public).unwrap(), secret.public_key());
    let theirs = sm2::dsa::SigningKey::new("1234567812345678", &secret).unwrap().sign(MESSAGE).to_der();
    let key = claviger_crypto::sm2::PublicKey::from_spki_der(&public).unwrap();
    key.verify(Message::Raw(MESSAGE), theirs.as_bytes()).unwrap();
    assert!(key.verify(Message::Raw(b"another message"), theirs.as_bytes()).is_err());
}

#[test]
fn ed25519() {
    let (public, private) = pair(ExtendedSpec::Ed25519);
    let secret = ed25519_dalek::SigningKey::from_pkcs8_der(private.reveal()).unwrap();
    assert_eq!(ed25519_dalek::VerifyingKey::from_public_key_der(&public).unwrap(), secret.verifying_key());
    let theirs = secret.sign(MESSAGE);
    let key = ParsedPublicKey::new(&ED25519, &public).unwrap();
    key.verify_sig(MESSAGE, &theirs.to_bytes()).unwrap();
    assert!(key.verify_sig(b"another message", &theirs.to_bytes()).is_err());
    let ours = Ed25519KeyPair::from_pkcs8_maybe_unchecked(private.reveal()).unwrap().sign(MESSAGE);
    assert_eq!(ours.as_ref(), theirs.to_bytes(), "Ed25519 is deterministic");
}
