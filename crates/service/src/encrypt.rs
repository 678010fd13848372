//! `Encrypt` and `AdvanceEncrypt` (instance-api 5.1, 5.2, 6.3, 8).

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_crypto::asymmetric::PrivateKey;
use claviger_model::{Algorithm, Key, KeyUsage};

use crate::access::Rights;
use crate::asymmetric::{KeyHalf, encryption, refuse_gcm_fields};
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::sealing::{check_aad, check_padding_mode, gcm_iv};
use crate::service::Service;
use crate::usage_warnings::UsageWarnings;
use crate::version_choice::VersionChoice;

/// A request to encrypt. Names stay as the caller wrote them, because they are validated after the key is found.
#[derive(Debug)]
pub struct Encrypt {
    /// The caller's rights.
    pub rights: Rights,
    /// The key.
    pub key: KeyRef,
    /// Which version of a symmetric key.
    pub version: VersionChoice,
    /// Which version of an asymmetric key; `None`: the first.
    pub named_version: Option<KeyVersionId>,
    /// Not empty.
    pub plaintext: SecretBytes,
    /// `Algorithm`; empty takes the key's default.
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes; GCM only.
    pub aad: Vec<u8>,
    /// Empty, or the caller's initialization vector; GCM only.
    pub iv: Vec<u8>,
    /// `PaddingMode`; no algorithm of a software instance uses it.
    pub padding_mode: String,
}

/// A ciphertext, and how it was made.
#[derive(Debug)]
pub struct Encrypted {
    /// The key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// The algorithm used.
    pub algorithm: Algorithm,
    /// The initialization vector; empty for an asymmetric key.
    pub iv: Vec<u8>,
    /// The ciphertext, followed by the tag for GCM.
    pub ciphertext: Vec<u8>,
    /// What is hazardous about this use.
    pub warnings: UsageWarnings,
}

impl Service {
    /// Encrypts.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, its type and usage, parameters that are not
    /// allowed, [`ServiceError::KeyVersionExhausted`].
    pub async fn encrypt(&self, request: Encrypt) -> Result<Encrypted, ServiceError> {
        if request.plaintext.is_empty() {
            return Err(ServiceError::MissingParameter("Plaintext"));
        }
        let key = self.usable_key(&request.key, &request.rights).await?;
        if request.version == VersionChoice::Primary && !key.spec.is_symmetric() {
            return Err(ServiceError::OnlySymmetricKeySupported(key.id.clone()));
        }
        let algorithm = encryption_algorithm(&key, &request.algorithm)?;
        check_padding_mode(&request.padding_mode)?;
        if key.spec.is_symmetric() {
            self.encrypt_symmetric(&key, algorithm, request).await
        } else {
            self.encrypt_asymmetric(&key, algorithm, request).await
        }
    }

    async fn encrypt_symmetric(
        &self,
        key: &Arc<Key>,
        algorithm: Algorithm,
        request: Encrypt,
    ) -> Result<Encrypted, ServiceError> {
        check_aad(&request.aad)?;
        let chosen_iv = if request.iv.is_empty() { None } else { Some(gcm_iv(&request.iv)?) };
        let warnings = self.usage_warnings(key, request.version, chosen_iv.is_some())?;
        let version_id = request.version.of(key);
        let version = self.key_version(version_id).await?.ok_or(ServiceError::KeyNotFound)?;
        let plaintext = request.plaintext.reveal();
        let (iv, ciphertext) = match chosen_iv {
            Some(iv) => (iv, self.seal(&version, &iv, &request.aad, plaintext).await?),
            None => self.seal_random(&version, &request.aad, plaintext).await?,
        };
        Ok(Encrypted {
            key_id: key.id.clone(),
            key_version_id: version_id.clone(),
            algorithm,
            iv: iv.to_vec(),
            ciphertext,
            warnings,
        })
    }

    async fn encrypt_asymmetric(
        &self,
        key: &Arc<Key>,
        algorithm: Algorithm,
        request: Encrypt,
    ) -> Result<Encrypted, ServiceError> {
        refuse_gcm_fields(&request.aad, &request.iv)?;
        let crypto = encryption(algorithm)?;
        let version = self.asymmetric_version(key, request.named_version.as_ref()).await?;
        let bytes_max = version.private_key()?.spec().plaintext_max(crypto);
        if bytes_max.is_some_and(|bytes_max| request.plaintext.len() > bytes_max) {
            return Err(ServiceError::InvalidParameter("Plaintext"));
        }
        let plaintext = request.plaintext;
        let bytes = plaintext.len();
        let seal = move |key: &PrivateKey| key.public_key().encrypt(crypto, plaintext.reveal());
        let sealed = self.run_with_key(&version, KeyHalf::Public, bytes, seal).await?;
        Ok(Encrypted {
            key_id: key.id.clone(),
            key_version_id: version.version.id.clone(),
            algorithm,
            iv: Vec::new(),
            ciphertext: sealed.map_err(|_failed| ServiceError::Bug("encrypting to a public key failed"))?,
            warnings: UsageWarnings::default(),
        })
    }
}

/// The algorithm of this name for a key that encrypts; an empty name stands for the key's default.
///
/// # Errors
/// [`ServiceError::Unsupported`] for a key of another usage, [`ServiceError::InvalidParameter`] for an algorithm that is
/// not one of the key's.
pub(crate) fn encryption_algorithm(key: &Key, name: &str) -> Result<Algorithm, ServiceError> {
    if key.usage != KeyUsage::EncryptDecrypt {
        return Err(ServiceError::Unsupported);
    }
    key.spec.algorithm(key.usage, name).ok_or(ServiceError::InvalidParameter("Algorithm"))
}
