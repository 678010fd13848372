//! aws-lc-rs.

use aws_lc_rs::kem::{self, Ciphertext, DecapsulationKey, EncapsulationKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm,
    RsaKeyPair, VerificationAlgorithm,
};

use crate::half::{Form, Library, Private, Public, Read, Readable, error_text, unknown};

pub(crate) const LIBRARY: Library = Library {
    name: "aws-lc-rs",
    package: |_spec| "aws-lc-rs",
    private,
    public,
    bare_public: |_spec, _spki| Err("not needed: it reads the SPKI of every spec whose private key it reads".to_owned()),
};

/// The library has no PEM reader. PEM goes to the DER readers, too, which refuse it.
fn private(spec: &str, _form: Form, bytes: &[u8]) -> Read<Readable<Private>> {
    let half = match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => rsa(bytes),
        "EC_P256" => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, bytes),
        "EC_P256K" => ecdsa(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING, bytes),
        "EC_P384" => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, bytes),
        "EC_P521" => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING, bytes),
        "ED25519" => ed25519(bytes),
        "ML_DSA_44" => ml_dsa(&signature::ML_DSA_44_SIGNING, bytes),
        "ML_DSA_65" => ml_dsa(&signature::ML_DSA_65_SIGNING, bytes),
        "ML_DSA_87" => ml_dsa(&signature::ML_DSA_87_SIGNING, bytes),
        _ => ml_kem(spec).and_then(|algorithm| ml_kem_private(algorithm, bytes)),
    };
    half.map(Readable::from)
}

fn public(spec: &str, _form: Form, bytes: &[u8]) -> Read<Public> {
    let algorithm: &'static dyn VerificationAlgorithm = match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "EC_P256" => &signature::ECDSA_P256_SHA256_ASN1,
        "EC_P256K" => &signature::ECDSA_P256K1_SHA256_ASN1,
        "EC_P384" => &signature::ECDSA_P384_SHA384_ASN1,
        "EC_P521" => &signature::ECDSA_P521_SHA512_ASN1,
        "ED25519" => &signature::ED25519,
        "ML_DSA_44" => &signature::ML_DSA_44,
        "ML_DSA_65" => &signature::ML_DSA_65,
        "ML_DSA_87" => &signature::ML_DSA_87,
        _ => return ml_kem(spec).and_then(|algorithm| ml_kem_public(algorithm, bytes)),
    };
    let key = ParsedPublicKey::new(algorithm, bytes).map_err(error_text)?;
    Ok(Public::Verifies(Box::new(move |message, signature| key.verify_sig(message, signature).is_ok())))
}

fn rsa(bytes: &[u8]) -> Read<Private> {
    let key = RsaKeyPair::from_pkcs8(bytes).map_err(error_text)?;
    Ok(Private::Signs(Box::new(move |message| {
        let mut signed = vec![0; key.public_modulus_len()];
        key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signed).map_err(error_text)?;
        Ok(signed)
    })))
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, bytes: &[u8]) -> Read<Private> {
    let key = EcdsaKeyPair::from_pkcs8(algorithm, bytes).map_err(error_text)?;
    Ok(Private::Signs(Box::new(move |message| {
        Ok(key.sign(&SystemRandom::new(), message).map_err(error_text)?.as_ref().to_vec())
    })))
}

fn ed25519(bytes: &[u8]) -> Read<Private> {
    let key = Ed25519KeyPair::from_pkcs8(bytes).map_err(error_text)?;
    Ok(Private::Signs(Box::new(move |message| Ok(key.sign(message).as_ref().to_vec()))))
}

fn ml_dsa(algorithm: &'static PqdsaSigningAlgorithm, bytes: &[u8]) -> Read<Private> {
    let key = PqdsaKeyPair::from_pkcs8(algorithm, bytes).map_err(error_text)?;
    Ok(Private::Signs(Box::new(move |message| {
        let mut signed = vec![0; algorithm.signature_len()];
        let _len = key.sign(message, &mut signed).map_err(error_text)?;
        Ok(signed)
    })))
}

type Kem = &'static kem::Algorithm<kem::AlgorithmId>;

fn ml_kem(spec: &str) -> Read<Kem> {
    match spec {
        "ML_KEM_512" => Ok(&kem::ML_KEM_512),
        "ML_KEM_768" => Ok(&kem::ML_KEM_768),
        "ML_KEM_1024" => Ok(&kem::ML_KEM_1024),
        _ => unknown(),
    }
}

/// The only function of the library that reads ML-KEM private keys. It is meant for raw expanded keys, not for PKCS#8.
fn ml_kem_private(algorithm: Kem, bytes: &[u8]) -> Read<Private> {
    let key = DecapsulationKey::new(algorithm, bytes).map_err(error_text)?;
    Ok(Private::Decapsulates(Box::new(move |ciphertext| {
        Ok(key.decapsulate(Ciphertext::from(ciphertext)).map_err(error_text)?.as_ref().to_vec())
    })))
}

/// The only function of the library that reads ML-KEM public keys. It is meant for raw keys, not for SPKI.
fn ml_kem_public(algorithm: Kem, bytes: &[u8]) -> Read<Public> {
    let key = EncapsulationKey::new(algorithm, bytes).map_err(error_text)?;
    Ok(Public::Encapsulates(Box::new(move || {
        let (ciphertext, sent) = key.encapsulate().map_err(error_text)?;
        Ok((ciphertext.as_ref().to_vec(), sent.as_ref().to_vec()))
    })))
}
