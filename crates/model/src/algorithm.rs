//! Algorithms, and which of them a key of each spec and usage has: instance-api 8, rpc-api 5.1.

use crate::key_spec::KeySpec;
use crate::key_usage::KeyUsage;

/// An algorithm with which a key encrypts, signs or authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// AES-256-GCM, 96-bit IV, 128-bit tag.
    AesGcm,
    /// SM4-GCM, 96-bit IV, 128-bit tag.
    Sm4Gcm,
    /// RSAES-OAEP, SHA-256 and MGF1 with SHA-256.
    RsaesOaepSha256,
    /// RSAES-OAEP, SHA-1 and MGF1 with SHA-1.
    RsaesOaepSha1,
    /// ECIES of SEC 1: ECDH, X9.63 KDF with SHA-1, XOR, HMAC-SHA-1.
    EciesDhSha1XorHmac,
    /// SM2 public key encryption.
    Sm2Pke,
    /// RSASSA-PSS, SHA-256, salt of 32 bytes.
    RsaPssSha256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    RsaPkcs1Sha256,
    /// ECDSA, SHA-256, DER.
    EcdsaSha256,
    /// SM2 signature over SM3, DER.
    Sm2Dsa,
    /// HMAC with SHA-256.
    HmacSha256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 11] = [
        Self::AesGcm,
        Self::Sm4Gcm,
        Self::RsaesOaepSha256,
        Self::RsaesOaepSha1,
        Self::EciesDhSha1XorHmac,
        Self::Sm2Pke,
        Self::RsaPssSha256,
        Self::RsaPkcs1Sha256,
        Self::EcdsaSha256,
        Self::Sm2Dsa,
        Self::HmacSha256,
    ];

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesGcm => "AES_GCM",
            Self::Sm4Gcm => "SM4_GCM",
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::EciesDhSha1XorHmac => "ECIES_DH_SHA_1_XOR_HMAC",
            Self::Sm2Pke => "SM2PKE",
            Self::RsaPssSha256 => "RSA_PSS_SHA_256",
            Self::RsaPkcs1Sha256 => "RSA_PKCS1_SHA_256",
            Self::EcdsaSha256 => "ECDSA_SHA_256",
            Self::Sm2Dsa => "SM2DSA",
            Self::HmacSha256 => "HMAC_SHA_256",
        }
    }
}

impl KeySpec {
    /// Whether keys of this spec can be created here: the others exist in hardware only.
    #[must_use]
    pub const fn is_software(self) -> bool {
        !matches!(self, Self::AliyunAes192 | Self::AliyunAes128)
    }

    /// The algorithms of a key of this spec and usage, the default first; empty for a usage that the spec does not have.
    #[must_use]
    pub const fn algorithms(self, usage: KeyUsage) -> &'static [Algorithm] {
        match (self, usage) {
            (Self::AliyunAes256 | Self::AliyunAes192 | Self::AliyunAes128, KeyUsage::EncryptDecrypt) => {
                &[Algorithm::AesGcm]
            }
            (Self::AliyunSm4, KeyUsage::EncryptDecrypt) => &[Algorithm::Sm4Gcm],
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, KeyUsage::EncryptDecrypt) => {
                &[Algorithm::RsaesOaepSha256, Algorithm::RsaesOaepSha1]
            }
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, KeyUsage::SignVerify) => {
                &[Algorithm::RsaPssSha256, Algorithm::RsaPkcs1Sha256]
            }
            (Self::EcP256 | Self::EcP256k, KeyUsage::EncryptDecrypt) => &[Algorithm::EciesDhSha1XorHmac],
            (Self::EcP256 | Self::EcP256k, KeyUsage::SignVerify) => &[Algorithm::EcdsaSha256],
            (Self::EcSm2, KeyUsage::EncryptDecrypt) => &[Algorithm::Sm2Pke],
            (Self::EcSm2, KeyUsage::SignVerify) => &[Algorithm::Sm2Dsa],
            (Self::HmacSha256, KeyUsage::GenerateVerifyMac) => &[Algorithm::HmacSha256],
            (
                Self::AliyunAes256 | Self::AliyunAes192 | Self::AliyunAes128 | Self::AliyunSm4,
                KeyUsage::SignVerify | KeyUsage::GenerateVerifyMac,
            )
            | (
                Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 | Self::EcP256 | Self::EcP256k | Self::EcSm2,
                KeyUsage::GenerateVerifyMac,
            )
            | (Self::HmacSha256, KeyUsage::EncryptDecrypt | KeyUsage::SignVerify) => &[],
        }
    }

    /// The usage of a key that is created without one: SIGN/VERIFY if the spec can sign (rpc-api 7.1, the SDK's text).
    #[must_use]
    pub fn default_usage(self) -> KeyUsage {
        let order = [KeyUsage::SignVerify, KeyUsage::EncryptDecrypt, KeyUsage::GenerateVerifyMac];
        order.into_iter().find(|usage| !self.algorithms(*usage).is_empty()).unwrap_or(KeyUsage::EncryptDecrypt)
    }

    /// The algorithm with exactly that name, if keys of this spec and usage have it; for an empty name, their default.
    #[must_use]
    pub fn algorithm(self, usage: KeyUsage, name: &str) -> Option<Algorithm> {
        let mut known = self.algorithms(usage).iter().copied();
        if name.is_empty() { known.next() } else { known.find(|algorithm| algorithm.name() == name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_has_a_usage_and_its_default_is_one_it_has() {
        for spec in KeySpec::ALL {
            assert!(!spec.algorithms(spec.default_usage()).is_empty(), "{}", spec.name());
        }
        assert_eq!(KeySpec::AliyunAes256.default_usage(), KeyUsage::EncryptDecrypt);
        assert_eq!(KeySpec::Rsa2048.default_usage(), KeyUsage::SignVerify);
        assert_eq!(KeySpec::EcP256.default_usage(), KeyUsage::SignVerify);
        assert_eq!(KeySpec::HmacSha256.default_usage(), KeyUsage::GenerateVerifyMac);
    }

    #[test]
    fn an_algorithm_is_one_of_the_keys_own() {
        let (rsa, encrypt, sign) = (KeySpec::Rsa3072, KeyUsage::EncryptDecrypt, KeyUsage::SignVerify);
        assert_eq!(rsa.algorithm(encrypt, ""), Some(Algorithm::RsaesOaepSha256));
        assert_eq!(rsa.algorithm(encrypt, "RSAES_OAEP_SHA_1"), Some(Algorithm::RsaesOaepSha1));
        assert_eq!(rsa.algorithm(sign, "RSA_PKCS1_SHA_256"), Some(Algorithm::RsaPkcs1Sha256));
        for (usage, name) in [
            (encrypt, "RSA_PSS_SHA_256"),
            (sign, "RSAES_OAEP_SHA_256"),
            (encrypt, "AES_GCM"),
            (sign, "rsa_pss_sha_256"),
            (KeyUsage::GenerateVerifyMac, ""),
        ] {
            assert_eq!(rsa.algorithm(usage, name), None, "{name}");
        }
        // No CBC, ECB or CTR in software.
        for name in ["AES_CBC", "AES_ECB", "AES_CTR", "SM4_GCM"] {
            assert_eq!(KeySpec::AliyunAes256.algorithm(encrypt, name), None, "{name}");
        }
    }

    #[test]
    fn every_algorithm_belongs_to_some_key() {
        let usages = [KeyUsage::EncryptDecrypt, KeyUsage::SignVerify, KeyUsage::GenerateVerifyMac];
        for algorithm in Algorithm::ALL {
            let has = |spec: &KeySpec| usages.iter().any(|usage| spec.algorithms(*usage).contains(&algorithm));
            assert!(KeySpec::ALL.iter().any(has), "{}", algorithm.name());
        }
    }
}
