//! ML-KEM pairs (FIPS 203) by AWS-LC.
//!
//! As in RFC 9935, SPKI holds the raw encapsulation key and PKCS#8 holds the 64-byte seed d || z as `[0]`, the format that the
//! RFC recommends, for the reasons given in `ml_dsa`.

use aws_lc_sys::{NID_MLKEM512, NID_MLKEM768, NID_MLKEM1024};
use claviger_base::SecretBytes;

use super::ml_kem_library::Key;
use crate::error::KeygenError;
use crate::pair::Pair;

/// NIST's security categories.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    /// ML-KEM-512.
    One,
    /// ML-KEM-768.
    Three,
    /// ML-KEM-1024.
    Five,
}

pub(super) fn pair(level: Level) -> Result<Pair, KeygenError> {
    let parameters = match level {
        Level::One => NID_MLKEM512,
        Level::Three => NID_MLKEM768,
        Level::Five => NID_MLKEM1024,
    };
    let key = Key::generate(parameters).ok_or(KeygenError::Failed)?;
    let private_key = key.pkcs8_der().ok_or(KeygenError::Failed)?;
    let public_key = key.spki_der().ok_or(KeygenError::Failed)?;
    Ok(Pair { public_key, private_key: SecretBytes::copy_from(&private_key) })
}
