//! Key specs (rpc-api 5.1, instance-api 8).

/// The kind and the size of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySpec {
    /// Symmetric, AES-256-GCM; the default.
    AliyunAes256,
    /// Symmetric, hardware instances only.
    AliyunAes192,
    /// Symmetric, hardware instances only.
    AliyunAes128,
    /// Symmetric, SM4-GCM.
    AliyunSm4,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// NIST P-256.
    EcP256,
    /// secp256k1.
    EcP256k,
    /// SM2.
    EcSm2,
    /// HMAC with SHA-256, a key of 32 bytes. The API describes HMAC keys but does not name their spec; this
    /// name is ours.
    HmacSha256,
}

impl KeySpec {
    /// Every spec.
    pub const ALL: [Self; 11] = [
        Self::AliyunAes256,
        Self::AliyunAes192,
        Self::AliyunAes128,
        Self::AliyunSm4,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcP256,
        Self::EcP256k,
        Self::EcSm2,
        Self::HmacSha256,
    ];

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AliyunAes256 => "Aliyun_AES_256",
            Self::AliyunAes192 => "Aliyun_AES_192",
            Self::AliyunAes128 => "Aliyun_AES_128",
            Self::AliyunSm4 => "Aliyun_SM4",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EcP256 => "EC_P256",
            Self::EcP256k => "EC_P256K",
            Self::EcSm2 => "EC_SM2",
            Self::HmacSha256 => "HMAC_SHA_256",
        }
    }

    /// The spec with exactly that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// Whether keys of this spec are symmetric. Only these wrap data keys and data key pairs, and rotate automatically.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::AliyunAes256 | Self::AliyunAes192 | Self::AliyunAes128 | Self::AliyunSm4)
    }

    /// Whether keys of this spec have a public half.
    #[must_use]
    pub const fn is_asymmetric(self) -> bool {
        !self.is_symmetric() && !matches!(self, Self::HmacSha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec_names_parse_back_and_case_matters() {
        for spec in KeySpec::ALL {
            assert_eq!(KeySpec::parse(spec.name()), Some(spec));
            assert_eq!(KeySpec::parse(&spec.name().to_ascii_lowercase()), None);
        }
    }
}
