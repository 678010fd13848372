//! ECIES on secp256k1; the Diffie-Hellman primitive is that of `k256`.
//!
//! Rule: parsing a point checks that it is on the curve. The ephemeral scalar is random and is wiped.

use claviger_base::SecretBytes;
use k256::ecdh::diffie_hellman;
use k256::elliptic_curve::sec1::ToSec1Point as _;
use k256::{PublicKey, SecretKey};

use crate::error::{OpenFailed, SealFailed};
use crate::secp256k1::scalar::random_scalar;

/// Encrypts for the holder of the private key; the result is [`OVERHEAD`](super::OVERHEAD) longer than `plaintext`.
pub(crate) fn seal(key: &PublicKey, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
    let ephemeral = random_scalar().map_err(|_failed| SealFailed)?;
    let point = ephemeral.public_key().to_sec1_point(false);
    let z = diffie_hellman(ephemeral.to_nonzero_scalar(), key.as_affine());
    super::seal(point.as_bytes(), z.raw_secret_bytes(), plaintext)
}

pub(crate) fn open(key: &SecretKey, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
    let (point, rest) = super::split(sealed)?;
    let point = PublicKey::from_sec1_bytes(point).map_err(|_rejected| OpenFailed)?;
    let z = diffie_hellman(key.to_nonzero_scalar(), point.as_affine());
    super::open(z.raw_secret_bytes(), rest)
}
