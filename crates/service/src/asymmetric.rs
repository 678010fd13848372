//! What operations with asymmetric keys share: choosing the version, and keeping long arithmetic off the runtime's threads.
//!
//! RSA with a private key takes up to milliseconds, and so does SM2, which runs in portable code; both run through
//! [`Service::run_cpu_bound`].

use std::sync::Arc;

use claviger_base::id::KeyVersionId;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec as AsymmetricSpec, PrivateKey};
use claviger_model::{Algorithm, Key};

use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::service::Service;

/// Which half of the pair an operation computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyHalf {
    Public,
    Private,
}

/// Longer input is processed on a blocking thread, whatever the key is, because ECIES and signatures hash all of it.
const INLINE_BYTES_MAX: usize = 16 * 1024;

impl Service {
    /// The version of an asymmetric key that a request names, or the first one.
    ///
    /// # Errors
    /// [`ServiceError::KeyNotFound`] for a version that does not exist, [`ServiceError::InvalidParameter`] for a version of
    /// another key.
    pub(crate) async fn asymmetric_version(
        &self,
        key: &Key,
        named: Option<&KeyVersionId>,
    ) -> Result<Arc<UnsealedVersion>, ServiceError> {
        let id = named.unwrap_or(&key.initial_version);
        let version = self.key_version(id).await?.ok_or(ServiceError::KeyNotFound)?;
        if version.version.key == key.id {
            Ok(version)
        } else {
            Err(ServiceError::InvalidParameter("x-kms-migrationkeyversionid"))
        }
    }

    /// Runs `work`, which computes with this half of the key on `bytes` bytes of input. Short work runs on this thread, other
    /// work on a blocking thread.
    pub(crate) async fn run_with_key<T, F>(
        &self,
        version: &Arc<UnsealedVersion>,
        half: KeyHalf,
        bytes: usize,
        work: F,
    ) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce(&PrivateKey) -> T + Send + 'static,
    {
        let is_slow_key = match version.private_key()?.spec() {
            AsymmetricSpec::Rsa2048 | AsymmetricSpec::Rsa3072 | AsymmetricSpec::Rsa4096 => half == KeyHalf::Private,
            AsymmetricSpec::EcSm2 => true,
            AsymmetricSpec::EcP256 | AsymmetricSpec::EcP256k => false,
        };
        if !is_slow_key && bytes <= INLINE_BYTES_MAX {
            return Ok(work(version.private_key()?));
        }
        let version = Arc::clone(version);
        self.run_cpu_bound(move || version.private_key().map(work)).await?
    }
}

/// Refuses `Aad` and `Iv`: asymmetric algorithms use neither, and ignoring them would promise the caller a protection that the
/// ciphertext does not have.
pub(crate) fn refuse_gcm_fields(aad: &[u8], iv: &[u8]) -> Result<(), ServiceError> {
    match (aad.is_empty(), iv.is_empty()) {
        (false, _) => Err(ServiceError::InvalidParameter("Aad")),
        (true, false) => Err(ServiceError::InvalidParameter("Iv")),
        (true, true) => Ok(()),
    }
}

/// The crypto library's name for an algorithm that encrypts to a public key.
pub(crate) fn encryption(algorithm: Algorithm) -> Result<EncryptionAlgorithm, ServiceError> {
    match algorithm {
        Algorithm::RsaesOaepSha256 => Ok(EncryptionAlgorithm::RsaesOaepSha256),
        Algorithm::RsaesOaepSha1 => Ok(EncryptionAlgorithm::RsaesOaepSha1),
        Algorithm::EciesDhSha1XorHmac => Ok(EncryptionAlgorithm::EciesDhSha1XorHmac),
        Algorithm::Sm2Pke => Ok(EncryptionAlgorithm::Sm2Pke),
        Algorithm::AesGcm
        | Algorithm::Sm4Gcm
        | Algorithm::RsaPssSha256
        | Algorithm::RsaPkcs1Sha256
        | Algorithm::EcdsaSha256
        | Algorithm::Sm2Dsa
        | Algorithm::HmacSha256 => Err(ServiceError::Bug("an algorithm that does not encrypt to a public key")),
    }
}
