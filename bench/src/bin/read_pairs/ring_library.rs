//! ring. It takes public keys without SPKI: the point of an EC key, the 32 bytes of an Ed25519 key, PKCS#1 for RSA.

use ring::rand::SystemRandom;
use ring::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;

use crate::half::{Form, Library, Private, Public, Read, Readable, error_text, unknown};

pub(crate) const LIBRARY: Library = Library {
    name: "ring",
    package: |_spec| "ring",
    private,
    public: |spec, _form, spki| public(spec, spki),
    bare_public,
};

/// The library has no PEM reader. PEM goes to the DER readers, too, which refuse it.
fn private(spec: &str, _form: Form, bytes: &[u8]) -> Read<Readable<Private>> {
    match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => rsa(bytes).map(Readable::from),
        "EC_P256" => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, bytes).map(Readable::from),
        "EC_P384" => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, bytes).map(Readable::from),
        "ED25519" => ed25519(bytes),
        _ => unknown(),
    }
}

/// Accepts any bytes: only a verification shows whether they are a key.
fn public(spec: &str, bytes: &[u8]) -> Read<Public> {
    let algorithm: &'static dyn VerificationAlgorithm = match spec {
        "RSA_2048" | "RSA_3072" | "RSA_4096" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "EC_P256" => &signature::ECDSA_P256_SHA256_ASN1,
        "EC_P384" => &signature::ECDSA_P384_SHA384_ASN1,
        "ED25519" => &signature::ED25519,
        _ => return unknown(),
    };
    let key = UnparsedPublicKey::new(algorithm, bytes.to_vec());
    Ok(Public::Verifies(Box::new(move |message, signature| key.verify(message, signature).is_ok())))
}

fn bare_public(spec: &str, spki: &[u8]) -> Read<Public> {
    let spki = SubjectPublicKeyInfoRef::try_from(spki).map_err(error_text)?;
    public(spec, spki.subject_public_key.raw_bytes())
}

fn rsa(bytes: &[u8]) -> Read<Private> {
    let key = RsaKeyPair::from_pkcs8(bytes).map_err(error_text)?;
    Ok(Private::Signs(Box::new(move |message| {
        let mut signed = vec![0; key.public().modulus_len()];
        key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signed).map_err(error_text)?;
        Ok(signed)
    })))
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm, bytes: &[u8]) -> Read<Private> {
    let key = EcdsaKeyPair::from_pkcs8(algorithm, bytes, &SystemRandom::new()).map_err(error_text)?;
    Ok(Private::Signs(Box::new(move |message| {
        Ok(key.sign(&SystemRandom::new(), message).map_err(error_text)?.as_ref().to_vec())
    })))
}

/// `from_pkcs8` requires the public key in the private one.
fn ed25519(bytes: &[u8]) -> Read<Readable<Private>> {
    let (key, how) = match Ed25519KeyPair::from_pkcs8(bytes) {
        Ok(key) => (key, ""),
        Err(_) => {
            (Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(error_text)?, "from_pkcs8_maybe_unchecked")
        }
    };
    let half = Private::Signs(Box::new(move |message| Ok(key.sign(message).as_ref().to_vec())));
    Ok(Readable { half, how })
}
