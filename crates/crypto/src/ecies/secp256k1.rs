//! ECIES on secp256k1; the Diffie-Hellman primitive is that of `k256`.
//!
//! Rule: a point is parsed, and so checked to lie on the curve, before it is used; the ephemeral scalar is drawn from the
//! operating system and wiped.

use claviger_base::SecretBytes;
use k256::ecdh::diffie_hellman;
use k256::elliptic_curve::sec1::ToSec1Point as _;
use k256::{PublicKey, SecretKey};

use crate::error::{OpenFailed, SealFailed};
use crate::secp256k1::draw;

/// Seals for the holder of the private key; [`OVERHEAD`](super::OVERHEAD) longer than `plaintext`.
pub(crate) fn seal(key: &PublicKey, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
    let ephemeral = draw().map_err(|_failed| SealFailed)?;
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
