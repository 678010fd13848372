//! ML-DSA pairs (FIPS 204) by AWS-LC.
//!
//! As in RFC 9881, SPKI holds the raw public key and PKCS#8 holds the 32-byte seed as `[0]`. Of the RFC's three private key
//! formats it recommends this one: everything else derives from the seed, and there is no second part that could contradict
//! it.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{KeyPair as _, PqdsaKeyPair, PqdsaSigningAlgorithm};
use claviger_base::SecretBytes;

use crate::error::KeygenError;
use crate::pair::Pair;

pub(super) fn pair(algorithm: &'static PqdsaSigningAlgorithm) -> Result<Pair, KeygenError> {
    let key = PqdsaKeyPair::generate(algorithm).map_err(|_failed| KeygenError::Failed)?;
    let private_key = key.to_pkcs8v1().map_err(|_failed| KeygenError::Failed)?;
    let public_key: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_failed| KeygenError::Failed)?;
    Ok(Pair { public_key: public_key.as_ref().to_vec(), private_key: SecretBytes::copy_from(private_key.as_ref()) })
}
