//! What operations with asymmetric keys share: which version, and where slow arithmetic runs; and encryption with them
//! (instance-api 5.1, 6.3, 8).
//!
//! Rule: RSA with a private key takes up to milliseconds, SM2 in portable code hardly less: they run where they hold
//! nobody up ([`Service::slowly`]).

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_base::id::KeyVersionId;
use claviger_crypto::asymmetric::{EncryptionAlgorithm, KeySpec as AsymmetricSpec, PrivateKey};
use claviger_model::{Algorithm, Key};

use crate::decrypt::Decrypt;
use crate::encrypt::{Encrypt, Encrypted};
use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::sealing::Remarks;
use crate::service::Service;

/// Whether the private half is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Public,
    Private,
}

/// Work on more bytes leaves the runtime's threads whatever the key is: the hashes of ECIES and of signatures take time.
const BYTES_AT_ONCE_MAX: usize = 16 * 1024;

impl Service {
    /// The version of an asymmetric key that a request means: the one it names, else the first.
    ///
    /// # Errors
    /// [`ServiceError::KeyNotFound`] for a version that does not exist, [`ServiceError::InvalidParameter`] for one of
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

    /// Runs `work`, on so many bytes, with the key, where it holds nobody up.
    pub(crate) async fn with_key<T, F>(
        &self,
        version: &Arc<UnsealedVersion>,
        half: Half,
        bytes: usize,
        work: F,
    ) -> Result<T, ServiceError>
    where
        T: Send + 'static,
        F: FnOnce(&PrivateKey) -> T + Send + 'static,
    {
        let is_slow_key = match version.private_key()?.spec() {
            AsymmetricSpec::Rsa2048 | AsymmetricSpec::Rsa3072 | AsymmetricSpec::Rsa4096 => half == Half::Private,
            AsymmetricSpec::EcSm2 => true,
            AsymmetricSpec::EcP256 | AsymmetricSpec::EcP256k => false,
        };
        if !is_slow_key && bytes <= BYTES_AT_ONCE_MAX {
            return Ok(work(version.private_key()?));
        }
        let version = Arc::clone(version);
        self.slowly(move || version.private_key().map(work)).await?
    }

    pub(crate) async fn encrypt_asymmetric(
        &self,
        key: &Arc<Key>,
        algorithm: Algorithm,
        request: Encrypt,
    ) -> Result<Encrypted, ServiceError> {
        refuse_gcm_fields(&request.aad, &request.iv)?;
        let crypto = encryption(algorithm)?;
        let version = self.asymmetric_version(key, request.named_version.as_ref()).await?;
        let longest = version.private_key()?.spec().plaintext_max(crypto);
        if longest.is_some_and(|longest| request.plaintext.len() > longest) {
            return Err(ServiceError::InvalidParameter("Plaintext"));
        }
        let plaintext = request.plaintext;
        let (bytes, seal) =
            (plaintext.reveal().len(), move |key: &PrivateKey| key.public_key().encrypt(crypto, plaintext.reveal()));
        let sealing = self.with_key(&version, Half::Public, bytes, seal);
        Ok(Encrypted {
            key_id: key.id.clone(),
            key_version_id: version.version.id.clone(),
            algorithm,
            iv: Vec::new(),
            ciphertext: sealing.await?.map_err(|_failed| ServiceError::Bug("sealing to a public key failed"))?,
            remarks: Remarks::default(),
        })
    }

    pub(crate) async fn decrypt_asymmetric(
        &self,
        version: &Arc<UnsealedVersion>,
        algorithm: Algorithm,
        request: &Decrypt,
    ) -> Result<SecretBytes, ServiceError> {
        refuse_gcm_fields(&request.aad, &request.iv)?;
        let (crypto, sealed) = (encryption(algorithm)?, request.ciphertext.clone());
        let bytes = sealed.len();
        let opening = self.with_key(version, Half::Private, bytes, move |key| key.decrypt(crypto, &sealed));
        opening.await?.map_err(|_does_not_open| ServiceError::DoesNotOpen)
    }
}

/// Asymmetric algorithms authenticate no further data and take no vector: dropping either in silence would promise what
/// is not kept.
fn refuse_gcm_fields(aad: &[u8], iv: &[u8]) -> Result<(), ServiceError> {
    match (aad.is_empty(), iv.is_empty()) {
        (false, _) => Err(ServiceError::InvalidParameter("Aad")),
        (true, false) => Err(ServiceError::InvalidParameter("Iv")),
        (true, true) => Ok(()),
    }
}

fn encryption(algorithm: Algorithm) -> Result<EncryptionAlgorithm, ServiceError> {
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
