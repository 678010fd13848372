//! A key version's private key: signs and opens, and knows its public half.
//!
//! Rule: everything that an operation needs is parsed once, here: parsing and checking an RSA key costs about as much as
//! using it.

use std::fmt;

use claviger_base::SecretBytes;

use super::public_key::PublicKey;
use super::spec::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
use crate::error::{GenerateFailed, KeyRejected, OpenFailed, SignFailed};
use crate::message::Message;
use crate::rsa::{self, oaep};
use crate::{ec, ecies, secp256k1, sm2};

/// A private key of any spec, ready to use. The PKCS#8 it came from is not kept.
pub struct PrivateKey {
    public: PublicKey,
    kind: Kind,
}

enum Kind {
    Rsa { signing: rsa::PrivateKey, opening: oaep::OpeningKey },
    EcP256 { signing: ec::PrivateKey, opening: ecies::p256::OpeningKey },
    EcP256k(Box<secp256k1::PrivateKey>),
    EcSm2(Box<sm2::PrivateKey>),
}

impl PrivateKey {
    /// Fresh key material: PKCS#8 version 1, DER. RSA by the library's own generator, which takes up to seconds: rooms
    /// that know a faster one use that.
    ///
    /// # Errors
    /// [`GenerateFailed`] when the library makes no key or there are no random bytes.
    pub fn generate_pkcs8_der(spec: KeySpec) -> Result<SecretBytes, GenerateFailed> {
        let pkcs8 = match (spec, spec.modulus_length()) {
            (_, Some(length)) => rsa::PrivateKey::generate(length)?.pkcs8_der(),
            (KeySpec::EcP256k, None) => secp256k1::PrivateKey::generate()?.pkcs8_der(),
            (KeySpec::EcSm2, None) => sm2::PrivateKey::generate()?.pkcs8_der(),
            (_, None) => ec::PrivateKey::generate()?.pkcs8_der(),
        };
        pkcs8.map_err(|_unencodable| GenerateFailed)
    }

    /// Parses a PKCS#8 `PrivateKeyInfo`, DER; the halves are checked to belong together.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent key of this spec.
    pub fn from_pkcs8_der(spec: KeySpec, pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        let (kind, spki) = match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                let signing = rsa::PrivateKey::from_pkcs8_der(pkcs8)?;
                let spki = signing.spki_der()?;
                (Kind::Rsa { signing, opening: oaep::OpeningKey::from_pkcs8_der(pkcs8)? }, spki)
            }
            KeySpec::EcP256 => {
                let signing = ec::PrivateKey::from_pkcs8_der(pkcs8)?;
                let spki = signing.spki_der()?;
                (Kind::EcP256 { signing, opening: ecies::p256::OpeningKey::from_pkcs8_der(pkcs8)? }, spki)
            }
            KeySpec::EcP256k => {
                let key = secp256k1::PrivateKey::from_pkcs8_der(pkcs8)?;
                let spki = key.public_key().spki_der()?;
                (Kind::EcP256k(Box::new(key)), spki)
            }
            KeySpec::EcSm2 => {
                let key = sm2::PrivateKey::from_pkcs8_der(pkcs8)?;
                let spki = key.public_key().spki_der()?;
                (Kind::EcSm2(Box::new(key)), spki)
            }
        };
        Ok(Self { public: PublicKey::from_spki_der(spec, &spki)?, kind })
    }

    /// What kind of key this is.
    #[must_use]
    pub const fn spec(&self) -> KeySpec {
        self.public.spec()
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs.
    ///
    /// # Errors
    /// [`SignFailed`] when the algorithm is not one of this spec, or there are no random bytes.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: Message<'_>) -> Result<Vec<u8>, SignFailed> {
        match (&self.kind, algorithm) {
            (Kind::Rsa { signing, .. }, SignatureAlgorithm::RsaPssSha256) => {
                signing.sign(rsa::Scheme::PssSha256, message)
            }
            (Kind::Rsa { signing, .. }, SignatureAlgorithm::RsaPkcs1Sha256) => {
                signing.sign(rsa::Scheme::Pkcs1Sha256, message)
            }
            (Kind::EcP256 { signing, .. }, SignatureAlgorithm::EcdsaSha256) => signing.sign(message),
            (Kind::EcP256k(key), SignatureAlgorithm::EcdsaSha256) => key.sign(message),
            (Kind::EcSm2(key), SignatureAlgorithm::Sm2Dsa) => key.sign(message),
            _ => Err(SignFailed),
        }
    }

    /// Opens what [`PublicKey::encrypt`] sealed.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever was wrong, also an algorithm of another spec.
    pub fn decrypt(&self, algorithm: EncryptionAlgorithm, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        match (&self.kind, algorithm) {
            (Kind::Rsa { opening, .. }, EncryptionAlgorithm::RsaesOaepSha256) => {
                opening.open(oaep::Hash::Sha256, sealed)
            }
            (Kind::Rsa { opening, .. }, EncryptionAlgorithm::RsaesOaepSha1) => opening.open(oaep::Hash::Sha1, sealed),
            (Kind::EcP256 { opening, .. }, EncryptionAlgorithm::EciesDhSha1XorHmac) => opening.open(sealed),
            (Kind::EcP256k(key), EncryptionAlgorithm::EciesDhSha1XorHmac) => key.open_ecies(sealed),
            (Kind::EcSm2(key), EncryptionAlgorithm::Sm2Pke) => key.open(sealed),
            _ => Err(OpenFailed),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asymmetric::PrivateKey({}, [secret])", self.public.spec().name())
    }
}
