//! What a data key pair is.

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_primes::EncodedKey;

use crate::extended::ExtendedSpec;
use crate::generator::desk::{Desk, Origin};

/// What kind of pair: instance-api 5.4.
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
    /// One that Alibaba Cloud KMS does not offer.
    Extended(ExtendedSpec),
}

impl PairSpec {
    /// Every spec of the API.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcP256, Self::EcP256k];

    /// The API's five, then those that Alibaba Cloud KMS does not offer.
    pub fn with_extended() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(ExtendedSpec::ALL.into_iter().map(Self::Extended))
    }

    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EcP256 => "EC_P256",
            Self::EcP256k => "EC_P256K",
            Self::Extended(spec) => spec.name(),
        }
    }

    /// The API's spec of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// The spec of that name, extended ones among them.
    #[must_use]
    pub fn parse_extended(name: &str) -> Option<Self> {
        Self::parse(name).or_else(|| ExtendedSpec::parse(name).map(Self::Extended))
    }
}

/// A pair as the engines make it. `Debug` shows nothing of the private key.
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

impl From<EncodedKey> for Pair {
    fn from(key: EncodedKey) -> Self {
        Self { public_key: key.public_key, private_key: key.private_key }
    }
}

/// A pair that nobody has looked at yet. Dropped like this it goes back where it came from, for somebody else; once it
/// was taken apart it never does.
#[derive(Debug)]
pub struct UnseenPair {
    /// Absent only after it was taken out.
    pair: Option<Pair>,
    /// Where it goes when it is not wanted; EC pairs have no such place and are wiped.
    home: Option<Home>,
}

/// Where an unwanted pair goes, and what is known of it there.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) desk: Arc<Desk>,
    pub(crate) origin: Origin,
}

impl UnseenPair {
    /// A pair that goes back to `home`, if there is one, unless it is taken apart.
    pub(crate) const fn new(pair: Pair, home: Option<Home>) -> Self {
        Self { pair: Some(pair), home }
    }

    /// SubjectPublicKeyInfo and PKCS#8, both DER. From here on the pair counts as seen.
    #[must_use]
    pub fn into_parts(mut self) -> (Vec<u8>, SecretBytes) {
        self.home = None;
        match self.pair.take() {
            Some(pair) => pair.into_parts(),
            // Only `take` and `drop` leave it empty, and both consume it.
            None => (Vec::new(), SecretBytes::new(Vec::new())),
        }
    }

    /// The pair and where it came from, without going there.
    pub(crate) fn take(mut self) -> Option<(Pair, Option<Home>)> {
        let home = self.home.take();
        self.pair.take().map(|pair| (pair, home))
    }
}

impl Drop for UnseenPair {
    fn drop(&mut self) {
        if let (Some(pair), Some(home)) = (self.pair.take(), self.home.take()) {
            home.desk.take_back(pair, home.origin);
        }
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
    fn the_api_s_five_stay_five_and_the_others_are_asked_for_on_purpose() {
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
