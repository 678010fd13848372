//! What a data key pair is.

use claviger_base::SecretBytes;

/// What kind of pair: instance-api.md 5.4.
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
}

impl PairSpec {
    /// Every spec.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcP256, Self::EcP256k];

    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EcP256 => "EC_P256",
            Self::EcP256k => "EC_P256K",
        }
    }

    /// The spec of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }
}

/// A fresh pair. `Debug` shows nothing of the private key.
#[derive(Debug)]
pub struct Pair {
    /// SubjectPublicKeyInfo, DER.
    pub(crate) public_key: Vec<u8>,
    /// PKCS#8, DER.
    pub(crate) private_key: SecretBytes,
}

impl Pair {
    /// SubjectPublicKeyInfo and PKCS#8, both DER.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, SecretBytes) {
        (self.public_key, self.private_key)
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
}
