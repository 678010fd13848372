//! ECDSA on NIST P-256 with SHA-256 (FIPS 186-5), DER signatures, keys as PKCS#8 and SPKI.
//!
//! Rule: a private key is PKCS#8 version 1 around an `ECPrivateKey` (RFC 5915) with its public key and without curve
//! parameters; a public key names its curve and contains an uncompressed point (instance-api 5.4). The curve
//! secp256k1 has its own file, because AWS-LC's safe API has no keys on it.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
};
use claviger_base::SecretBytes;

use crate::error::{GenerateFailed, KeyRejected, SignFailed, VerifyFailed};
use crate::message::Message;
use crate::rsa::refuse_trailing_bytes;

/// Length of an uncompressed point, bytes.
const POINT_LEN: usize = 65;

/// A public key, ready to verify signatures.
#[derive(Clone)]
pub struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Parses an X.509 `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are an uncompressed point on P-256 in its canonical DER form.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyRejected> {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki).map_err(|_rejected| KeyRejected)?;
        // The library also accepts bare and compressed points; comparing with its own encoding refuses them.
        let again: PublicKeyX509Der<'_> = key.as_der().map_err(|_unspecified| KeyRejected)?;
        if again.as_ref() == spki { Ok(Self(key)) } else { Err(KeyRejected) }
    }

    /// Verifies a DER ECDSA signature over the SHA-256 digest of `message`.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify_sha256(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyFailed> {
        self.verify(Message::Raw(message), signature)
    }

    /// Verifies a DER ECDSA signature over a SHA-256 digest.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<(), VerifyFailed> {
        let digest = message.sha256().ok_or(VerifyFailed)?;
        self.0.verify_digest_sig(&digest, signature).map_err(|_unspecified| VerifyFailed)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ec::PublicKey(..)")
    }
}

/// A private key with its public key.
pub struct PrivateKey(EcdsaKeyPair);

impl PrivateKey {
    /// Generates a key.
    ///
    /// # Errors
    /// [`GenerateFailed`] if the library generates none.
    pub fn generate() -> Result<Self, GenerateFailed> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map(Self).map_err(|_unspecified| GenerateFailed)
    }

    /// Parses a PKCS#8 `PrivateKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent key on P-256.
    pub fn from_pkcs8_der(pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        refuse_trailing_bytes(pkcs8)?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.reveal())
            .map(Self)
            .map_err(|_rejected| KeyRejected)
    }

    /// Signs the SHA-256 digest of `message`; returns DER.
    ///
    /// # Errors
    /// [`SignFailed`] if the library creates no signature.
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, SignFailed> {
        self.sign(Message::Raw(message))
    }

    /// Signs a SHA-256 digest; returns DER.
    ///
    /// # Errors
    /// [`SignFailed`] if the library creates no signature.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>, SignFailed> {
        let digest = message.sha256().ok_or(SignFailed)?;
        let signature = self.0.sign_digest(&digest).map_err(|_unspecified| SignFailed)?;
        Ok(signature.as_ref().to_vec())
    }

    /// The private key as PKCS#8 version 1, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn pkcs8_der(&self) -> Result<SecretBytes, KeyRejected> {
        let document = self.0.to_pkcs8v1().map_err(|_unspecified| KeyRejected)?;
        Ok(SecretBytes::copy_from(document.as_ref()))
    }

    /// The public key as `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn spki_der(&self) -> Result<Vec<u8>, KeyRejected> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().map_err(|_unspecified| KeyRejected)?;
        Ok(der.as_ref().to_vec())
    }

    /// The public point, uncompressed: the content of a certificate's public key field.
    pub(crate) fn public_point(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ec::PrivateKey([secret])")
    }
}

/// The uncompressed point at the end of an SPKI that [`PublicKey::from_spki_der`] has accepted.
pub(crate) fn point_of_spki(spki: &[u8]) -> Result<&[u8], KeyRejected> {
    let start = spki.len().checked_sub(POINT_LEN).ok_or(KeyRejected)?;
    spki.get(start..).ok_or(KeyRejected)
}
