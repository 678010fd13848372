//! The kinds of pairs and their names.

use claviger_model::KeySpec;

/// The kind of a pair: instance-api 5.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PairSpec {
    /// RSA with a modulus of 2048 bits, e = 65537.
    Rsa2048,
    /// RSA with a modulus of 3072 bits, e = 65537.
    Rsa3072,
    /// RSA with a modulus of 4096 bits, e = 65537.
    Rsa4096,
    /// NIST P-256.
    EcP256,
    /// secp256k1.
    EcP256k,
    /// A kind that Alibaba Cloud KMS does not offer.
    Extended(ExtendedSpec),
}

impl PairSpec {
    /// Every spec of the API.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcP256, Self::EcP256k];

    /// Every spec of the API, followed by every extended one.
    pub fn with_extended() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(ExtendedSpec::ALL.into_iter().map(Self::Extended))
    }

    /// The API's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => KeySpec::Rsa2048.name(),
            Self::Rsa3072 => KeySpec::Rsa3072.name(),
            Self::Rsa4096 => KeySpec::Rsa4096.name(),
            Self::EcP256 => KeySpec::EcP256.name(),
            Self::EcP256k => KeySpec::EcP256k.name(),
            Self::Extended(spec) => spec.name(),
        }
    }

    /// The API's spec of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// The spec of that name, including extended ones.
    #[must_use]
    pub fn parse_extended(name: &str) -> Option<Self> {
        Self::parse(name).or_else(|| ExtendedSpec::parse(name).map(Self::Extended))
    }
}

/// The kind of a pair that Alibaba Cloud KMS does not offer.
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
    /// Every extended spec.
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

    /// Its name, formed like the API's names.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_exactly() {
        for spec in PairSpec::ALL {
            assert_eq!(PairSpec::parse(spec.name()), Some(spec));
            assert_eq!(PairSpec::parse(&spec.name().to_ascii_lowercase()), None);
        }
        for name in ["", "RSA_1024", "EC_P384", "RSA_2048 "] {
            assert_eq!(PairSpec::parse(name), None);
        }
    }

    #[test]
    fn only_parse_extended_knows_the_extended_specs() {
        assert_eq!(PairSpec::ALL.map(PairSpec::name), ["RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P256K"]);
        for spec in ExtendedSpec::ALL {
            assert_eq!(PairSpec::parse(spec.name()), None);
            assert_eq!(PairSpec::parse_extended(spec.name()), Some(PairSpec::Extended(spec)));
            assert_eq!(PairSpec::parse_extended(&spec.name().to_ascii_lowercase()), None);
        }
        for spec in PairSpec::ALL {
            assert_eq!(PairSpec::parse_extended(spec.name()), Some(spec));
        }
        for name in ["", "ML_DSA_45", "ML-DSA-44", "X25519"] {
            assert_eq!(PairSpec::parse_extended(name), None);
        }
    }
}
