//! Elliptic curve pairs: P-256 by AWS-LC, secp256k1 by `k256` (eight times faster, spec/keygen.md section 1).
//!
//! PKCS#8 version 0 around a SEC 1 ECPrivateKey with the public key (RFC 5915, RFC 5958); the curve is named in the
//! outer algorithm; public points are uncompressed.

use claviger_base::SecretBytes;
use claviger_crypto::ec::PrivateKey;
use k256::pkcs8::{EncodePrivateKey, EncodePublicKey};

use crate::error::KeygenError;
use crate::pair::Pair;

pub(crate) fn p256() -> Result<Pair, KeygenError> {
    let key = PrivateKey::generate().map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
    let public_key = key.spki_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key, private_key })
}

/// A scalar drawn evenly from 1 to n - 1: 32 random bytes, drawn again in the one of 2^128 cases that they are not in
/// that range (FIPS 186-5 A.2.2).
pub(crate) fn p256k() -> Result<Pair, KeygenError> {
    let key = loop {
        let scalar = SecretBytes::random(32).map_err(|_unavailable| KeygenError::Failed)?;
        if let Ok(key) = k256::SecretKey::from_slice(scalar.reveal()) {
            break key;
        }
    };
    let private_key = key.to_pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
    let public_key = key.public_key().to_public_key_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key: public_key.as_bytes().to_vec(), private_key: SecretBytes::copy_from(private_key.as_bytes()) })
}
