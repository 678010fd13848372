//! Pairs of kinds that Alibaba Cloud KMS does not offer, available when `extended_key_pair_specs = true`: more curves, and
//! the post-quantum algorithms of FIPS 203 and 204. They are made immediately, on the caller's thread.
//!
//! Each kind is encoded as its own standard says and as other libraries read it (docs/formats/key-pairs.md).

mod curve;
mod ml_dsa;
mod ml_kem;
mod ml_kem_library;

use crate::error::KeygenError;
use crate::pair::Pair;
use crate::spec::ExtendedSpec;

pub(crate) fn pair(spec: ExtendedSpec) -> Result<Pair, KeygenError> {
    match spec {
        ExtendedSpec::EcP384 => curve::p384(),
        ExtendedSpec::EcP521 => curve::p521(),
        ExtendedSpec::EcSm2 => curve::sm2(),
        ExtendedSpec::Ed25519 => curve::ed25519(),
        ExtendedSpec::MlDsa44 => ml_dsa::pair(ml_dsa::Level::Two),
        ExtendedSpec::MlDsa65 => ml_dsa::pair(ml_dsa::Level::Three),
        ExtendedSpec::MlDsa87 => ml_dsa::pair(ml_dsa::Level::Five),
        ExtendedSpec::MlKem512 => ml_kem::pair(ml_kem::Level::One),
        ExtendedSpec::MlKem768 => ml_kem::pair(ml_kem::Level::Three),
        ExtendedSpec::MlKem1024 => ml_kem::pair(ml_kem::Level::Five),
    }
}
