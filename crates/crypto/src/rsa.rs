//! RSA (RFC 8017): keys as PKCS#8 and SPKI, moduli of 2048 to 8192 bits; signatures here, encryption in [`oaep`].
//!
//! Rule: a key is parsed once and reused; a private key is exported only as [`SecretBytes`].

pub mod oaep;
mod salt;
mod signature;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{self, KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaParameters};
use claviger_base::SecretBytes;
use der::Decode as _;
use der::asn1::AnyRef;

use crate::error::{GenerateFailed, KeyRejected, SignFailed, VerifyFailed};
use crate::message::Message;
pub use signature::Scheme;
use signature::Verifier;

/// A public key, ready to verify signatures.
#[derive(Clone)]
pub struct PublicKey(Verifier);

impl PublicKey {
    /// Parses an X.509 `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are an RSA key of 2048 to 8192 bits in its canonical DER form.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyRejected> {
        // The library would accept a short modulus here and refuse it at each use.
        let pkcs1 = rsa::PublicKey::from_der(spki).map_err(|_rejected| KeyRejected)?;
        let bits = RsaParameters::public_modulus_len(pkcs1.as_ref()).map_err(|_unspecified| KeyRejected)?;
        if !(RSA_PKCS1_2048_8192_SHA256.min_modulus_len()..=RSA_PKCS1_2048_8192_SHA256.max_modulus_len())
            .contains(&bits)
        {
            return Err(KeyRejected);
        }
        let key = Verifier::new(spki, pkcs1.as_ref())?;
        // The library also accepts a bare RSAPublicKey; comparing with its own encoding refuses that.
        let again: PublicKeyX509Der<'_> = key.parsed().as_der().map_err(|_unspecified| KeyRejected)?;
        if again.as_ref() == spki { Ok(Self(key)) } else { Err(KeyRejected) }
    }

    /// Verifies an RSASSA-PKCS1-v1_5 signature over the SHA-256 digest of `message`.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify_pkcs1_sha256(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailed> {
        self.verify(Scheme::Pkcs1Sha256, Message::Raw(message), signature)
    }

    /// Verifies a signature.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify(&self, scheme: Scheme, message: Message<'_>, signature: &[u8]) -> Result<(), VerifyFailed> {
        self.0.verify(scheme, message, signature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rsa::PublicKey(..)")
    }
}

/// The modulus lengths that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModulusLength {
    /// 2048 bits.
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

impl ModulusLength {
    /// The length in bytes: that of a signature and of a ciphertext.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Bits2048 => 256,
            Self::Bits3072 => 384,
            Self::Bits4096 => 512,
        }
    }
}

/// A private key with its public key.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// Parses a PKCS#8 `PrivateKeyInfo`, DER; the library checks that the numbers are consistent.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent RSA key of 2048 to 8192 bits.
    pub fn from_pkcs8_der(pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        refuse_trailing_bytes(pkcs8)?;
        KeyPair::from_pkcs8(pkcs8.reveal()).map(Self).map_err(|_rejected| KeyRejected)
    }

    /// Generates a key with the library's own generator (e = 65537).
    ///
    /// # Errors
    /// [`GenerateFailed`] if the library generates none.
    pub fn generate(length: ModulusLength) -> Result<Self, GenerateFailed> {
        let size = match length {
            ModulusLength::Bits2048 => KeySize::Rsa2048,
            ModulusLength::Bits3072 => KeySize::Rsa3072,
            ModulusLength::Bits4096 => KeySize::Rsa4096,
        };
        KeyPair::generate(size).map(Self).map_err(|_unspecified| GenerateFailed)
    }

    /// Generates a key of 2048 bits, the length of every client key.
    ///
    /// # Errors
    /// [`GenerateFailed`] if the library generates none.
    pub fn generate_2048() -> Result<Self, GenerateFailed> {
        Self::generate(ModulusLength::Bits2048)
    }

    /// Signs the SHA-256 digest of `message` with RSASSA-PKCS1-v1_5. The signature is as long as the modulus.
    ///
    /// # Errors
    /// [`SignFailed`] if the library creates no signature.
    pub fn sign_pkcs1_sha256(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        self.sign(Scheme::Pkcs1Sha256, Message::Raw(message))
    }

    /// Signs a message. The signature is as long as the modulus.
    ///
    /// # Errors
    /// [`SignFailed`] if the library creates no signature.
    pub fn sign(&self, scheme: Scheme, message: Message<'_>) -> Result<Vec<u8>, SignFailed> {
        signature::sign(&self.0, scheme, message)
    }

    /// The private key as PKCS#8 version 1 (RFC 5208) around PKCS#1, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn pkcs8_der(&self) -> Result<SecretBytes, KeyRejected> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_unspecified| KeyRejected)?;
        Ok(SecretBytes::copy_from(der.as_ref()))
    }

    /// The public key as `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn spki_der(&self) -> Result<Vec<u8>, KeyRejected> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().map_err(|_unspecified| KeyRejected)?;
        Ok(der.as_ref().to_vec())
    }

    /// The public key as PKCS#1 `RSAPublicKey`, DER: the content of a certificate's public key field.
    pub(crate) fn rsa_public_key_der(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rsa::PrivateKey([secret])")
    }
}

/// Refuses bytes after the key. The library ignores them, so the same key would have several encodings.
pub(crate) fn refuse_trailing_bytes(der: &SecretBytes) -> Result<(), KeyRejected> {
    AnyRef::from_der(der.reveal()).map(|_value| ()).map_err(|_trailing| KeyRejected)
}
