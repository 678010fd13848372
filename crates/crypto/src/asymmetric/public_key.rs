//! A key version's public key: verifies, encrypts, and can be exported.

use std::fmt;

use super::spec::{EncryptionAlgorithm, KeySpec, SignatureAlgorithm};
use crate::error::{KeyRejected, PemRejected, SealFailed, VerifyFailed};
use crate::message::Message;
use crate::rsa::{self, oaep};
use crate::{ec, ecies, pem, secp256k1, sm2};

/// A public key of any spec, parsed once.
pub struct PublicKey {
    spec: KeySpec,
    spki: Vec<u8>,
    kind: Kind,
}

enum Kind {
    Rsa { verifying: rsa::PublicKey, sealing: oaep::SealingKey },
    EcP256 { verifying: ec::PublicKey, sealing: ecies::p256::SealingKey },
    EcP256k(secp256k1::PublicKey),
    EcSm2(Box<sm2::PublicKey>),
}

impl PublicKey {
    /// Parses an X.509 `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a key of this spec in its canonical DER form.
    pub fn from_spki_der(spec: KeySpec, spki: &[u8]) -> Result<Self, KeyRejected> {
        let kind = match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                let verifying = rsa::PublicKey::from_spki_der(spki)?;
                let sealing = oaep::SealingKey::from_spki_der(spki)?;
                if Some(sealing.modulus_len()) != spec.modulus_length().map(rsa::ModulusLength::bytes) {
                    return Err(KeyRejected);
                }
                Kind::Rsa { verifying, sealing }
            }
            KeySpec::EcP256 => Kind::EcP256 {
                verifying: ec::PublicKey::from_spki_der(spki)?,
                sealing: ecies::p256::SealingKey::from_spki_der(spki)?,
            },
            KeySpec::EcP256k => Kind::EcP256k(secp256k1::PublicKey::from_spki_der(spki)?),
            KeySpec::EcSm2 => Kind::EcSm2(Box::new(sm2::PublicKey::from_spki_der(spki)?)),
        };
        Ok(Self { spec, spki: spki.to_vec(), kind })
    }

    /// The spec of this key.
    #[must_use]
    pub const fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The key as `SubjectPublicKeyInfo`, DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key as `SubjectPublicKeyInfo`, PEM (instance-api 5.6).
    ///
    /// # Errors
    /// [`PemRejected`] if the text would exceed memory, which no key does.
    pub fn pem(&self) -> Result<String, PemRejected> {
        pem::encode_public_key(&self.spki)
    }

    /// Verifies a signature.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key with this algorithm.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), VerifyFailed> {
        match (&self.kind, algorithm) {
            (Kind::Rsa { verifying, .. }, SignatureAlgorithm::RsaPssSha256) => {
                verifying.verify(rsa::Scheme::PssSha256, message, signature)
            }
            (Kind::Rsa { verifying, .. }, SignatureAlgorithm::RsaPkcs1Sha256) => {
                verifying.verify(rsa::Scheme::Pkcs1Sha256, message, signature)
            }
            (Kind::EcP256 { verifying, .. }, SignatureAlgorithm::EcdsaSha256) => verifying.verify(message, signature),
            (Kind::EcP256k(key), SignatureAlgorithm::EcdsaSha256) => key.verify(message, signature),
            (Kind::EcSm2(key), SignatureAlgorithm::Sm2Dsa) => key.verify(message, signature),
            _ => Err(VerifyFailed),
        }
    }

    /// Encrypts for the holder of the private key.
    ///
    /// # Errors
    /// [`SealFailed`] if `plaintext` is longer than [`KeySpec::plaintext_max`], if it is empty under SM2PKE, if the
    /// algorithm is not one of this spec, or if there are no random bytes.
    pub fn encrypt(&self, algorithm: EncryptionAlgorithm, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        match (&self.kind, algorithm) {
            (Kind::Rsa { sealing, .. }, EncryptionAlgorithm::RsaesOaepSha256) => {
                sealing.seal(oaep::Hash::Sha256, plaintext)
            }
            (Kind::Rsa { sealing, .. }, EncryptionAlgorithm::RsaesOaepSha1) => {
                sealing.seal(oaep::Hash::Sha1, plaintext)
            }
            (Kind::EcP256 { sealing, .. }, EncryptionAlgorithm::EciesDhSha1XorHmac) => sealing.seal(plaintext),
            (Kind::EcP256k(key), EncryptionAlgorithm::EciesDhSha1XorHmac) => key.seal_ecies(plaintext),
            (Kind::EcSm2(key), EncryptionAlgorithm::Sm2Pke) => key.seal(plaintext),
            _ => Err(SealFailed),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asymmetric::PublicKey({:?})", self.spec)
    }
}
