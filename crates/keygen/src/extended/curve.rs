//! Pairs on further curves: P-384, P-521 and Ed25519 by AWS-LC, SM2 by `claviger_crypto`.
//!
//! P-384, P-521 and SM2 are encoded like P-256 in `ec`, with their own curve names (RFC 5480, RFC 5915; GM/T 0006 for SM2).
//! Ed25519 is PKCS#8 v1 (version number 0) with only the seed, RFC 8410 section 7: some libraries cannot read v2, which adds
//! the public key (older Java, OpenSSL before 3).

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _,
};
use claviger_base::SecretBytes;

use crate::error::KeygenError;
use crate::pair::Pair;

pub(super) fn p384() -> Result<Pair, KeygenError> {
    nist(&ECDSA_P384_SHA384_ASN1_SIGNING)
}

pub(super) fn p521() -> Result<Pair, KeygenError> {
    nist(&ECDSA_P521_SHA512_ASN1_SIGNING)
}

/// The algorithm selects the curve; its hash does not affect the key.
fn nist(algorithm: &'static EcdsaSigningAlgorithm) -> Result<Pair, KeygenError> {
    let key = EcdsaKeyPair::generate(algorithm).map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.to_pkcs8v1().map_err(|_failed| KeygenError::Failed)?;
    let public_key: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key: public_key.as_ref().to_vec(), private_key: SecretBytes::copy_from(private_key.as_ref()) })
}

pub(super) fn ed25519() -> Result<Pair, KeygenError> {
    let key = Ed25519KeyPair::generate().map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.to_pkcs8v1().map_err(|_failed| KeygenError::Failed)?;
    let public_key: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key: public_key.as_ref().to_vec(), private_key: SecretBytes::copy_from(private_key.as_ref()) })
}

pub(super) fn sm2() -> Result<Pair, KeygenError> {
    let key = claviger_crypto::sm2::PrivateKey::generate().map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
    let public_key = key.public_key().spki_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key, private_key })
}
