//! Elliptic curve pairs: P-256 by AWS-LC, secp256k1 by `k256`, which is eight times as fast (docs/spec/keygen.md 1.2).
//!
//! Private keys are PKCS#8 version 0 around a SEC 1 ECPrivateKey with the public key (RFC 5915, RFC 5958); the
//! outer algorithm names the curve. Public points are uncompressed.

use claviger_base::SecretBytes;
use claviger_crypto::ec::PrivateKey;
use k256::pkcs8::EncodePrivateKey as _;

use crate::error::KeygenError;
use crate::pair::Pair;

pub(crate) fn p256() -> Result<Pair, KeygenError> {
    let key = PrivateKey::generate().map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
    let public_key = key.spki_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key, private_key })
}

/// The private scalar is uniform from 1 to n - 1: 32 random bytes, drawn again if they are out of range, which happens with
/// probability 2^-128 (FIPS 186-5 A.2.2).
pub(crate) fn p256k() -> Result<Pair, KeygenError> {
    let key = loop {
        let scalar = SecretBytes::random(32).map_err(|_unavailable| KeygenError::Failed)?;
        if let Ok(key) = k256::SecretKey::from_slice(scalar.reveal()) {
            break key;
        }
    };
    let private_key = key.to_pkcs8_der().map_err(|_failed| KeygenError::Failed)?;
    // The encoded private key ends with the public point. Taking it from there avoids computing it twice, which halves the
    // time.
    let point: &[u8; POINT_BYTES] = private_key.as_bytes().last_chunk().ok_or(KeygenError::Failed)?;
    let public_key = [P256K_SPKI_HEAD.as_slice(), point].concat();
    Ok(Pair { public_key, private_key: SecretBytes::copy_from(private_key.as_bytes()) })
}

/// An uncompressed point: 4, x, y.
const POINT_BYTES: usize = 65;

/// What precedes the point in a SubjectPublicKeyInfo on secp256k1 (RFC 5480, SEC 2): SEQUENCE { SEQUENCE { OID
/// id-ecPublicKey, OID secp256k1 }, BIT STRING of 65 bytes }.
const P256K_SPKI_HEAD: [u8; 23] = [
    0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x0a, 0x03, 0x42, 0x00,
];
