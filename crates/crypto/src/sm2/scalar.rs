//! Random scalars of sm2p256v1.

use claviger_base::SecretBytes;
use sm2::SecretKey;

use crate::error::GenerateFailed;

/// Length of a scalar, bytes.
const SCALAR_LEN: usize = 32;

/// Draws a scalar uniformly from 1 to n - 1.
pub(super) fn random_scalar() -> Result<SecretKey, GenerateFailed> {
    loop {
        let bytes = SecretBytes::random(SCALAR_LEN).map_err(|_unavailable| GenerateFailed)?;
        if let Ok(scalar) = SecretKey::from_slice(bytes.reveal()) {
            return Ok(scalar);
        }
    }
}
