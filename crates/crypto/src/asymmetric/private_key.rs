//! A key version's private key: signs and decrypts, and contains its public key.
//!
//! Rule: everything that an operation needs is parsed once, here, because parsing and checking an RSA key costs about
//! as much as using it.

use std::fmt;

use claviger_base::SecretBytes;

use super::public_key::PublicKey;
use super::spec::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
use crate::error::{GenerateFailed, KeyRejected, OpenFailed, SignFailed};
use crate::message::Message;
use crate::rsa::{self, oaep};
use crate::{ec, ecies, secp256k1, sm2};

/// A private key of any spec, ready for use. Its PKCS#8 form is not kept.
///
/// ```
/// use claviger_crypto::Message;
/// use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec, PrivateKey, SignatureAlgorithm};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pkcs8 = PrivateKey::generate_pkcs8_der(KeySpec::EcP256)?;
/// let key = PrivateKey::from_pkcs8_der(KeySpec::EcP256, &pkcs8)?;
///
/// let message = Message::Raw(b"message");
/// let signature = key.sign(SignatureAlgorithm::EcdsaSha256, message)?;
/// key.public_key().verify(SignatureAlgorithm::EcdsaSha256, message, &signature)?;
///
/// let ecies = EncryptionAlgorithm::EciesDhSha1XorHmac;
/// let sealed = key.public_key().encrypt(ecies, b"plaintext")?;
/// assert_eq!(key.decrypt(ecies, &sealed)?.reveal(), b"plaintext");
/// # Ok(())
/// # }
/// ```
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
    /// Generates key material: PKCS#8 version 1, DER. RSA keys come from the library's own generator, which may take
    /// seconds; use crate `keygen` where speed matters.
    ///
    /// # Errors
    /// [`GenerateFailed`] if the library generates no key or there are no random bytes.
    pub fn generate_pkcs8_der(spec: KeySpec) -> Result<SecretBytes, GenerateFailed> {
        let pkcs8 = match (spec, spec.modulus_length()) {
            (_, Some(length)) => rsa::PrivateKey::generate(length)?.pkcs8_der(),
            (KeySpec::EcP256k, None) => secp256k1::PrivateKey::generate()?.pkcs8_der(),
            (KeySpec::EcSm2, None) => sm2::PrivateKey::generate()?.pkcs8_der(),
            (_, None) => ec::PrivateKey::generate()?.pkcs8_der(),
        };
        pkcs8.map_err(|_unencodable| GenerateFailed)
    }

    /// Parses a PKCS#8 `PrivateKeyInfo`, DER, and checks that private and public key match.
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

    /// The spec of this key.
    #[must_use]
    pub const fn spec(&self) -> KeySpec {
        self.public.spec()
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message.
    ///
    /// # Errors
    /// [`SignFailed`] if the algorithm is not one of this spec, or there are no random bytes.
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

    /// Decrypts what [`PublicKey::encrypt`] has encrypted.
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause, including an algorithm of another spec.
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
        write!(f, "asymmetric::PrivateKey({:?}, [secret])", self.public.spec())
    }
}
