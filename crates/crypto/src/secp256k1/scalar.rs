//! Random scalars of secp256k1.

use claviger_base::SecretBytes;
use k256::SecretKey;

use crate::error::GenerateFailed;

/// Length of a scalar, bytes.
const SCALAR_LEN: usize = 32;

/// Draws a scalar uniformly from 1 to n - 1: 32 random bytes, drawn again in the rare case (1 in 2^128) that they are
/// outside that range (FIPS 186-5 A.2.2).
pub(crate) fn random_scalar() -> Result<SecretKey, GenerateFailed> {
    loop {
        let bytes = SecretBytes::random(SCALAR_LEN).map_err(|_unavailable| GenerateFailed)?;
        if let Ok(scalar) = SecretKey::from_slice(bytes.reveal()) {
            return Ok(scalar);
        }
    }
}
