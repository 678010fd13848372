//! Pairs of kinds that Alibaba Cloud KMS does not offer, available when `extended_key_pair_specs = true`: more curves, and
//! the post-quantum algorithms of FIPS 203 and 204. They are made immediately, on the caller's thread.
//!
//! Each kind is encoded as its own standard says and as other libraries read it (docs/formats/key-pairs.md).

mod curve;
mod ml_dsa;
mod ml_kem;
mod ml_kem_library;

use aws_lc_rs::signature::{ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING};
use aws_lc_sys::{NID_MLKEM512, NID_MLKEM768, NID_MLKEM1024};

use crate::error::KeygenError;
use crate::pair::Pair;
use crate::spec::ExtendedSpec;

pub(crate) fn pair(spec: ExtendedSpec) -> Result<Pair, KeygenError> {
    match spec {
        ExtendedSpec::EcP384 => curve::p384(),
        ExtendedSpec::EcP521 => curve::p521(),
        ExtendedSpec::EcSm2 => curve::sm2(),
        ExtendedSpec::Ed25519 => curve::ed25519(),
        ExtendedSpec::MlDsa44 => ml_dsa::pair(&ML_DSA_44_SIGNING),
        ExtendedSpec::MlDsa65 => ml_dsa::pair(&ML_DSA_65_SIGNING),
        ExtendedSpec::MlDsa87 => ml_dsa::pair(&ML_DSA_87_SIGNING),
        ExtendedSpec::MlKem512 => ml_kem::pair(NID_MLKEM512),
        ExtendedSpec::MlKem768 => ml_kem::pair(NID_MLKEM768),
        ExtendedSpec::MlKem1024 => ml_kem::pair(NID_MLKEM1024),
    }
}
