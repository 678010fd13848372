//! Elliptic curve pairs, each checked with another library: P-256 pairs of AWS-LC with `p256`, secp256k1 pairs of `k256` with
//! AWS-LC. In both directions, one library verifies what the other signed and refuses a changed message.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _, ParsedPublicKey,
};
use claviger_keygen::{DirectGenerator, EngineKind, PairSpec};
use p256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use p256::elliptic_curve::sec1::ToSec1Point as _;
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};

const MESSAGE: &[u8] = b"message";

/// A signature by AWS-LC with the private key, whose public key must be `public_point`.
fn signed_by_aws_lc(algorithm: &'static EcdsaSigningAlgorithm, pkcs8: &[u8], public_point: &[u8]) -> Vec<u8> {
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).unwrap();
    assert_eq!(key.public_key().as_ref(), public_point);
    key.sign(&SystemRandom::new(), MESSAGE).unwrap().as_ref().to_vec()
}

fn aws_lc_verifies(
    algorithm: &'static EcdsaVerificationAlgorithm,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    ParsedPublicKey::new(algorithm, spki).unwrap().verify_sig(message, signature).is_ok()
}

#[test]
fn p256_is_cross_checked_by_the_p256_crate() {
    let mut generator = DirectGenerator::new(EngineKind::Auto, PairSpec::EcP256).unwrap();
    for _ in 0..20 {
        let (spki, pkcs8) = generator.next_pair().unwrap().into_parts();
        let private = p256::SecretKey::from_pkcs8_der(pkcs8.reveal()).unwrap();
        let public = p256::PublicKey::from_public_key_der(&spki).unwrap();
        assert_eq!(private.public_key(), public);
        assert_eq!(public.to_public_key_der().unwrap().as_bytes(), spki);

        let by_p256: p256::ecdsa::DerSignature =
            p256::ecdsa::SigningKey::from(&private).sign_prehash(digest(&SHA256, MESSAGE).as_ref()).unwrap();
        assert!(aws_lc_verifies(&ECDSA_P256_SHA256_ASN1, &spki, MESSAGE, by_p256.as_bytes()));
        assert!(!aws_lc_verifies(&ECDSA_P256_SHA256_ASN1, &spki, b"another", by_p256.as_bytes()));

        let point = public.to_sec1_point(false);
        let by_aws_lc = signed_by_aws_lc(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.reveal(), point.as_bytes());
        let by_aws_lc = p256::ecdsa::DerSignature::from_bytes(&by_aws_lc).unwrap();
        let verifier = p256::ecdsa::VerifyingKey::from(&public);
        verifier.verify_prehash(digest(&SHA256, MESSAGE).as_ref(), &by_aws_lc).unwrap();
        verifier.verify_prehash(digest(&SHA256, b"another").as_ref(), &by_aws_lc).unwrap_err();
    }
}

#[test]
fn secp256k1_is_cross_checked_by_aws_lc() {
    let mut generator = DirectGenerator::new(EngineKind::Auto, PairSpec::EcP256k).unwrap();
    for _ in 0..20 {
        let (spki, pkcs8) = generator.next_pair().unwrap().into_parts();
        let private = k256::SecretKey::from_pkcs8_der(pkcs8.reveal()).unwrap();
        let public = k256::PublicKey::from_public_key_der(&spki).unwrap();
        assert_eq!(private.public_key(), public);
        assert_eq!(public.to_public_key_der().unwrap().as_bytes(), spki);

        let by_k256: k256::ecdsa::DerSignature =
            k256::ecdsa::SigningKey::from(&private).sign_prehash(digest(&SHA256, MESSAGE).as_ref()).unwrap();
        assert!(aws_lc_verifies(&ECDSA_P256K1_SHA256_ASN1, &spki, MESSAGE, by_k256.as_bytes()));
        assert!(!aws_lc_verifies(&ECDSA_P256K1_SHA256_ASN1, &spki, b"another", by_k256.as_bytes()));

        let point = public.to_sec1_point(false);
        let by_aws_lc = signed_by_aws_lc(&ECDSA_P256K1_SHA256_ASN1_SIGNING, pkcs8.reveal(), point.as_bytes());
        let by_aws_lc = k256::ecdsa::DerSignature::from_bytes(&by_aws_lc).unwrap();
        // k256 accepts only signatures with a low s; AWS-LC makes either form.
        let by_aws_lc = k256::ecdsa::Signature::try_from(by_aws_lc).unwrap().normalize_s();
        let verifier = k256::ecdsa::VerifyingKey::from(&public);
        verifier.verify_prehash(digest(&SHA256, MESSAGE).as_ref(), &by_aws_lc).unwrap();
        verifier.verify_prehash(digest(&SHA256, b"another").as_ref(), &by_aws_lc).unwrap_err();
    }
}

#[test]
fn a_pair_of_one_curve_is_refused_on_the_other() {
    let pair = |spec| DirectGenerator::new(EngineKind::Auto, spec).unwrap().next_pair().unwrap().into_parts();
    let (p256_public, p256_private) = pair(PairSpec::EcP256);
    let (k256_public, k256_private) = pair(PairSpec::EcP256k);
    assert!(k256::SecretKey::from_pkcs8_der(p256_private.reveal()).is_err());
    assert!(k256::PublicKey::from_public_key_der(&p256_public).is_err());
    assert!(p256::SecretKey::from_pkcs8_der(k256_private.reveal()).is_err());
    assert!(p256::PublicKey::from_public_key_der(&k256_public).is_err());
}
