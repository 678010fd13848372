//! The curve secp256k1 (SEC 2 section 2.4.1): ECDSA with SHA-256, DER signatures, and ECIES; keys as PKCS#8 and SPKI.
//!
//! AWS-LC's safe API has no keys on this curve, so the arithmetic is that of `k256`, which computes with secrets in constant
//! time. Rule: encodings are those of [`ec`](crate::ec) with the other curve's name. Nonces follow RFC 6979 with 32 random bytes
//! added (its section 3.6), so that neither a poor random generator nor a fault in the computation reveals the key.

pub(crate) mod scalar;

use std::fmt;

use claviger_base::SecretBytes;
use k256::SecretKey;
use k256::ecdsa::signature::hazmat::{PrehashVerifier as _, RandomizedPrehashSigner as _};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use k256::elliptic_curve::common::getrandom::SysRng;
use k256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};

use self::scalar::random_scalar;
use crate::ecies;
use crate::error::{GenerateFailed, KeyRejected, OpenFailed, SealFailed, SignFailed, VerifyFailed};
use crate::message::Message;

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    point: k256::PublicKey,
    verifier: VerifyingKey,
}

impl PublicKey {
    /// Parses an X.509 `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are an uncompressed point on secp256k1 in its canonical DER form.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyRejected> {
        let point = k256::PublicKey::from_public_key_der(spki).map_err(|_rejected| KeyRejected)?;
        let key = Self { point, verifier: point.into() };
        // The library also accepts compressed points; comparing with its own encoding refuses them.
        if key.spki_der()? == spki { Ok(key) } else { Err(KeyRejected) }
    }

    /// The key as `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn spki_der(&self) -> Result<Vec<u8>, KeyRejected> {
        self.point.to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(|_unencodable| KeyRejected)
    }

    /// Verifies a DER ECDSA signature over a SHA-256 digest.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<(), VerifyFailed> {
        let digest = message.sha256().ok_or(VerifyFailed)?;
        let signature = Signature::from_der(signature).map_err(|_malformed| VerifyFailed)?;
        // In ECDSA, both s and n - s verify (FIPS 186-5 6.4.2); the library accepts only the lower one, a rule of
        // Bitcoin.
        self.verifier.verify_prehash(digest.as_ref(), &signature.normalize_s()).map_err(|_wrong| VerifyFailed)
    }

    /// Encrypts with ECIES ([`ecies`]).
    ///
    /// # Errors
    /// [`SealFailed`] if there are no random bytes.
    pub fn seal_ecies(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        ecies::secp256k1::seal(&self.point, plaintext)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secp256k1::PublicKey(..)")
    }
}

/// A private key with its public key; wiped on drop.
pub struct PrivateKey {
    scalar: SecretKey,
    signer: SigningKey,
}

impl PrivateKey {
    /// Generates a key.
    ///
    /// # Errors
    /// [`GenerateFailed`] if there are no random bytes.
    pub fn generate() -> Result<Self, GenerateFailed> {
        random_scalar().map(Self::new)
    }

    /// Parses a PKCS#8 `PrivateKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent key on secp256k1.
    pub fn from_pkcs8_der(pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        SecretKey::from_pkcs8_der(pkcs8.reveal()).map(Self::new).map_err(|_rejected| KeyRejected)
    }

    fn new(scalar: SecretKey) -> Self {
        let signer = SigningKey::from(&scalar);
        Self { scalar, signer }
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey { point: self.scalar.public_key(), verifier: *self.signer.verifying_key() }
    }

    /// The private key as PKCS#8 version 1, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn pkcs8_der(&self) -> Result<SecretBytes, KeyRejected> {
        let der = self.scalar.to_pkcs8_der().map_err(|_unencodable| KeyRejected)?;
        Ok(SecretBytes::copy_from(der.as_bytes()))
    }

    /// Signs a SHA-256 digest; returns DER with the lower of the two possible s.
    ///
    /// # Errors
    /// [`SignFailed`] if there are no random bytes.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>, SignFailed> {
        let digest = message.sha256().ok_or(SignFailed)?;
        let signature: Signature =
            self.signer.sign_prehash_with_rng(&mut SysRng, digest.as_ref()).map_err(|_failed| SignFailed)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }

    /// Decrypts what was encrypted with ECIES ([`ecies`]).
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause.
    pub fn open_ecies(&self, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        ecies::secp256k1::open(&self.scalar, sealed)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secp256k1::PrivateKey([secret])")
    }
}
