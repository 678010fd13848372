//! Key specs and their algorithms, by the API's names (instance-api 8).

use crate::rsa::{ModulusLength, oaep};
use crate::sm2;

/// The spec of an asymmetric key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeySpec {
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
    /// SM2 on sm2p256v1.
    EcSm2,
}

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PSS, SHA-256, MGF1 with SHA-256; signs with a salt of 32 bytes, verifies any salt length.
    RsaPssSha256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    RsaPkcs1Sha256,
    /// ECDSA, SHA-256; ASN.1 DER.
    EcdsaSha256,
    /// SM2 signatures over SM3, default identity; ASN.1 DER.
    Sm2Dsa,
}

/// An algorithm that encrypts for the holder of the private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncryptionAlgorithm {
    /// RSAES-OAEP, SHA-256, MGF1 with SHA-256, no label.
    RsaesOaepSha256,
    /// RSAES-OAEP, SHA-1, MGF1 with SHA-1, no label.
    RsaesOaepSha1,
    /// ECIES of SEC 1 ([`ecies`](crate::ecies)).
    EciesDhSha1XorHmac,
    /// SM2 public key encryption: C1 || C3 || C2.
    Sm2Pke,
}

impl KeySpec {
    /// All specs.
    pub const ALL: [Self; 6] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcP256, Self::EcP256k, Self::EcSm2];

    /// The signature algorithms of this spec, the default first.
    #[must_use]
    pub const fn signature_algorithms(self) -> &'static [SignatureAlgorithm] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                &[SignatureAlgorithm::RsaPssSha256, SignatureAlgorithm::RsaPkcs1Sha256]
            }
            Self::EcP256 | Self::EcP256k => &[SignatureAlgorithm::EcdsaSha256],
            Self::EcSm2 => &[SignatureAlgorithm::Sm2Dsa],
        }
    }

    /// The encryption algorithms of this spec, the default first.
    #[must_use]
    pub const fn encryption_algorithms(self) -> &'static [EncryptionAlgorithm] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                &[EncryptionAlgorithm::RsaesOaepSha256, EncryptionAlgorithm::RsaesOaepSha1]
            }
            Self::EcP256 | Self::EcP256k => &[EncryptionAlgorithm::EciesDhSha1XorHmac],
            Self::EcSm2 => &[EncryptionAlgorithm::Sm2Pke],
        }
    }

    /// The longest plaintext, in bytes, that `algorithm` takes under such a key: `None` if there is no limit, `Some(0)`
    /// if it is not an algorithm of this spec.
    #[must_use]
    pub const fn plaintext_max(self, algorithm: EncryptionAlgorithm) -> Option<usize> {
        match (self, algorithm) {
            (Self::EcP256 | Self::EcP256k, EncryptionAlgorithm::EciesDhSha1XorHmac) => None,
            (Self::EcSm2, EncryptionAlgorithm::Sm2Pke) => Some(sm2::PLAINTEXT_MAX),
            (_, EncryptionAlgorithm::RsaesOaepSha256) => Some(self.oaep_max(oaep::Hash::Sha256)),
            (_, EncryptionAlgorithm::RsaesOaepSha1) => Some(self.oaep_max(oaep::Hash::Sha1)),
            (_, EncryptionAlgorithm::EciesDhSha1XorHmac | EncryptionAlgorithm::Sm2Pke) => Some(0),
        }
    }

    const fn oaep_max(self, hash: oaep::Hash) -> usize {
        match self.modulus_length() {
            Some(length) => oaep::plaintext_max(length.bytes(), hash),
            None => 0,
        }
    }

    pub(super) const fn modulus_length(self) -> Option<ModulusLength> {
        match self {
            Self::Rsa2048 => Some(ModulusLength::Bits2048),
            Self::Rsa3072 => Some(ModulusLength::Bits3072),
            Self::Rsa4096 => Some(ModulusLength::Bits4096),
            Self::EcP256 | Self::EcP256k | Self::EcSm2 => None,
        }
    }
}

impl SignatureAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [Self::RsaPssSha256, Self::RsaPkcs1Sha256, Self::EcdsaSha256, Self::Sm2Dsa];

    /// The API's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaPssSha256 => "RSA_PSS_SHA_256",
            Self::RsaPkcs1Sha256 => "RSA_PKCS1_SHA_256",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::Sm2Dsa => "SM2DSA",
        }
    }

    /// The algorithm of exactly this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl EncryptionAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [Self::RsaesOaepSha256, Self::RsaesOaepSha1, Self::EciesDhSha1XorHmac, Self::Sm2Pke];

    /// The API's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::EciesDhSha1XorHmac => "ECIES_DH_SHA_1_XOR_HMAC",
            Self::Sm2Pke => "SM2PKE",
        }
    }

    /// The algorithm of exactly this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_exactly() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(SignatureAlgorithm::parse(algorithm.name()), Some(algorithm));
        }
        for algorithm in EncryptionAlgorithm::ALL {
            assert_eq!(EncryptionAlgorithm::parse(algorithm.name()), Some(algorithm));
        }
        assert_eq!(SignatureAlgorithm::parse("RSAES_OAEP_SHA_256"), None);
        assert_eq!(EncryptionAlgorithm::parse("RSA_PSS_SHA_256"), None);
    }

    #[test]
    fn limits_are_those_of_the_specification() {
        let limits = |spec: KeySpec| EncryptionAlgorithm::ALL.map(|algorithm| spec.plaintext_max(algorithm));
        assert_eq!(limits(KeySpec::Rsa2048), [Some(190), Some(214), Some(0), Some(0)]);
        assert_eq!(limits(KeySpec::Rsa3072), [Some(318), Some(342), Some(0), Some(0)]);
        assert_eq!(limits(KeySpec::Rsa4096), [Some(446), Some(470), Some(0), Some(0)]);
        assert_eq!(limits(KeySpec::EcP256), [Some(0), Some(0), None, Some(0)]);
        assert_eq!(limits(KeySpec::EcP256k), [Some(0), Some(0), None, Some(0)]);
        assert_eq!(limits(KeySpec::EcSm2), [Some(0), Some(0), Some(0), Some(6047)]);
    }
}
