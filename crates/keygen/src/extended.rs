//! Pairs of kinds that Alibaba Cloud KMS does not offer, on where `extended_key_pair_specs = true`: more curves, and the
//! post-quantum algorithms of FIPS 203 and 204.
//!
//! Rule: each kind is encoded as its own standard says and as other libraries read it (docs/formats/key-pairs.md).
//! Made at once, on the caller's thread.

mod curve;
mod ml_dsa;
mod ml_kem;
mod ml_kem_library;

use crate::error::KeygenError;
use crate::pair::Pair;

/// What kind of pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtendedSpec {
    /// NIST P-384.
    EcP384,
    /// NIST P-521.
    EcP521,
    /// SM2 on sm2p256v1.
    EcSm2,
    /// Ed25519.
    Ed25519,
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// ML-KEM-512.
    MlKem512,
    /// ML-KEM-768.
    MlKem768,
    /// ML-KEM-1024.
    MlKem1024,
}

impl ExtendedSpec {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::EcP384,
        Self::EcP521,
        Self::EcSm2,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
    ];

    /// Its name, in the manner of the API's.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcP384 => "EC_P384",
            Self::EcP521 => "EC_P521",
            Self::EcSm2 => "EC_SM2",
            Self::Ed25519 => "ED25519",
            Self::MlDsa44 => "ML_DSA_44",
            Self::MlDsa65 => "ML_DSA_65",
            Self::MlDsa87 => "ML_DSA_87",
            Self::MlKem512 => "ML_KEM_512",
            Self::MlKem768 => "ML_KEM_768",
            Self::MlKem1024 => "ML_KEM_1024",
        }
    }

    /// The spec of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }
}

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
