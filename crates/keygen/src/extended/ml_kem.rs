//! ML-KEM pairs (FIPS 203) by AWS-LC.
//!
//! As in RFC 9935, SPKI holds the raw encapsulation key and PKCS#8 holds the 64-byte seed d || z as `[0]`, the format that the
//! RFC recommends, for the reasons given in `ml_dsa`.

use std::ffi::c_int;

use claviger_base::SecretBytes;

use super::ml_kem_library::Key;
use crate::error::KeygenError;
use crate::pair::Pair;

/// `parameters` is the number of the parameter set (`NID_MLKEM...`).
pub(super) fn pair(parameters: c_int) -> Result<Pair, KeygenError> {
    let key = Key::generate(parameters).ok_or(KeygenError::Failed)?;
    let private_key = key.pkcs8_der().ok_or(KeygenError::Failed)?;
    let public_key = key.spki_der().ok_or(KeygenError::Failed)?;
    Ok(Pair { public_key, private_key: SecretBytes::copy_from(&private_key) })
}
