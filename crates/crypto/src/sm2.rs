//! SM2 on the curve sm2p256v1 (GB/T 32918, GM/T 0003, ISO/IEC 14888-3): keys here, SM2DSA in `dsa`, SM2PKE in `pke`.
//!
//! AWS-LC has no SM2, so the arithmetic is that of RustCrypto's `sm2` (field and scalars by fiat-crypto, in constant time). Rule:
//! a private scalar is wiped on drop. The signing and decrypting keys of that crate are not wiped, so signing and decryption are
//! implemented here with its arithmetic, and tested with the standard's examples. Encodings are those of [`ec`](crate::ec) with
//! the curve's name 1.2.156.10197.1.301 (GM/T 0006).

mod ciphertext;
mod dsa;
mod pke;
mod scalar;

use std::fmt;

use claviger_base::SecretBytes;
pub use pke::{OVERHEAD, PLAINTEXT_MAX};
use sm2::dsa::VerifyingKey;
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use sm2::{Scalar, SecretKey};
use zeroize::Zeroizing;

use self::scalar::random_scalar;
use crate::error::{GenerateFailed, KeyRejected, OpenFailed, SealFailed, SignFailed, VerifyFailed};
use crate::message::Message;

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    point: sm2::PublicKey,
    verifier: VerifyingKey,
    /// Z_A: the digest of identity, curve and point that precedes every message.
    identity: [u8; 32],
}

impl PublicKey {
    /// Parses an X.509 `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are an uncompressed point on sm2p256v1 in its canonical DER form.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyRejected> {
        let point = sm2::PublicKey::from_public_key_der(spki).map_err(|_rejected| KeyRejected)?;
        let key = Self::new(point)?;
        // The library also accepts compressed points; comparing with its own encoding refuses them.
        if key.spki_der()? == spki { Ok(key) } else { Err(KeyRejected) }
    }

    fn new(point: sm2::PublicKey) -> Result<Self, KeyRejected> {
        let verifier = VerifyingKey::new(dsa::IDENTITY, point).map_err(|_rejected| KeyRejected)?;
        Ok(Self { point, verifier, identity: dsa::identity_digest(&point) })
    }

    /// The key as `SubjectPublicKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn spki_der(&self) -> Result<Vec<u8>, KeyRejected> {
        self.point.to_public_key_der().map(|der| der.as_bytes().to_vec()).map_err(|_unencodable| KeyRejected)
    }

    /// Verifies a DER SM2DSA signature.
    ///
    /// # Errors
    /// [`VerifyFailed`] if it is not a signature by this key.
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<(), VerifyFailed> {
        dsa::verify(&self.verifier, &dsa::digest(&self.identity, message), signature)
    }

    /// Encrypts: C1 || C3 || C2, [`OVERHEAD`] longer than `plaintext`.
    ///
    /// # Errors
    /// [`SealFailed`] if `plaintext` is empty or longer than [`PLAINTEXT_MAX`], or there are no random bytes.
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
        pke::seal(&self.point, plaintext)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sm2::PublicKey(..)")
    }
}

/// A private key with its public key; wiped on drop.
pub struct PrivateKey {
    scalar: SecretKey,
    /// (1 + d)^-1, needed for every signature.
    inverse: Zeroizing<Scalar>,
    public: PublicKey,
}

impl PrivateKey {
    /// Generates a key: a scalar drawn uniformly from 1 to n - 2 (GB/T 32918.1 section 6.1).
    ///
    /// # Errors
    /// [`GenerateFailed`] if there are no random bytes.
    pub fn generate() -> Result<Self, GenerateFailed> {
        loop {
            if let Ok(key) = Self::new(random_scalar()?) {
                return Ok(key);
            }
        }
    }

    /// Parses a PKCS#8 `PrivateKeyInfo`, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] unless the bytes are a consistent key on sm2p256v1.
    pub fn from_pkcs8_der(pkcs8: &SecretBytes) -> Result<Self, KeyRejected> {
        SecretKey::from_pkcs8_der(pkcs8.reveal()).map_err(|_rejected| KeyRejected).and_then(Self::new)
    }

    /// Refuses n - 1, which cannot sign anything.
    fn new(scalar: SecretKey) -> Result<Self, KeyRejected> {
        let inverse = dsa::inverse(&scalar).ok_or(KeyRejected)?;
        let public = PublicKey::new(scalar.public_key())?;
        Ok(Self { scalar, inverse, public })
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The private key as PKCS#8 version 1, DER.
    ///
    /// # Errors
    /// [`KeyRejected`] if the library cannot encode it.
    pub fn pkcs8_der(&self) -> Result<SecretBytes, KeyRejected> {
        let der = self.scalar.to_pkcs8_der().map_err(|_unencodable| KeyRejected)?;
        Ok(SecretBytes::copy_from(der.as_bytes()))
    }

    /// Signs with the default identity `1234567812345678`; returns DER.
    ///
    /// # Errors
    /// [`SignFailed`] if there are no random bytes.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>, SignFailed> {
        dsa::sign(&self.scalar, &self.inverse, &dsa::digest(&self.public.identity, message))
    }

    /// Decrypts C1 || C3 || C2, or the same parts in ASN.1 (GM/T 0009).
    ///
    /// # Errors
    /// [`OpenFailed`], whatever the cause.
    pub fn open(&self, sealed: &[u8]) -> Result<SecretBytes, OpenFailed> {
        pke::open(&self.scalar, sealed)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sm2::PrivateKey([secret])")
    }
}
