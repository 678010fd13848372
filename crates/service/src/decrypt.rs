//! `Decrypt` and `AdvanceDecrypt` (instance-api 5.1, 5.2, 6.3, 8).

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{Algorithm, Key};

use crate::access::Rights;
use crate::asymmetric::{KeyHalf, encryption, refuse_gcm_fields};
use crate::encrypt::encryption_algorithm;
use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::key_ref::KeyRef;
use crate::sealing::{check_aad, check_padding_mode, gcm_iv};
use crate::service::Service;

/// How a request says which key version opens the ciphertext.
#[derive(Debug, Clone)]
pub enum DecryptSource {
    /// The blob contains the version's id and the initialization vector. The request's `Algorithm`, `Iv` and `PaddingMode`
    /// are ignored.
    SelfDescribing {
        /// The version that the blob names.
        version: KeyVersionId,
        /// The initialization vector in the blob.
        iv: [u8; 12],
        /// The request's `KeyId`, if there is one. The version must belong to that key.
        key: Option<KeyRef>,
    },
    /// A header of the request names the version.
    Version {
        /// The version named.
        version: KeyVersionId,
        /// The request's `KeyId`, if there is one. The version must belong to that key.
        key: Option<KeyRef>,
    },
    /// The request names only the key. The key's initial version is used, because it made every blob that names no version.
    Key(KeyRef),
}

/// A request to decrypt.
#[derive(Debug, Clone)]
pub struct Decrypt {
    /// The caller's rights.
    pub rights: Rights,
    /// The key version.
    pub source: DecryptSource,
    /// The ciphertext, followed by the tag for GCM. Not empty.
    pub ciphertext: Vec<u8>,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
    /// `Algorithm`; empty takes the key's default.
    pub algorithm: String,
    /// `Iv`: 12 bytes for GCM.
    pub iv: Vec<u8>,
    /// `PaddingMode`.
    pub padding_mode: String,
    /// Whether this is `AdvanceDecrypt`, which refuses asymmetric keys with an error of its own.
    pub is_advance: bool,
}

/// A plaintext, and what opened its ciphertext.
#[derive(Debug)]
pub struct Decrypted {
    /// The key that opened it.
    pub key_id: KeyId,
    /// The version that opened it.
    pub key_version_id: KeyVersionId,
    /// The algorithm used.
    pub algorithm: Algorithm,
    /// The plaintext.
    pub plaintext: SecretBytes,
}

impl Service {
    /// Whether a key version of this id exists, whatever the state of its key. This decides whether a blob that looks
    /// self-describing really is.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn key_version_exists(&self, id: &KeyVersionId) -> Result<bool, ServiceError> {
        Ok(self.key_version(id).await?.is_some())
    }

    /// Opens a ciphertext.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, a version of another key than the named one
    /// ([`ServiceError::InvalidParameter`]), the key's type and usage, invalid parameters, [`ServiceError::DoesNotOpen`]
    /// without detail.
    pub async fn decrypt(&self, request: Decrypt) -> Result<Decrypted, ServiceError> {
        if request.ciphertext.is_empty() {
            return Err(ServiceError::MissingParameter("CiphertextBlob"));
        }
        let (key, version) = self.key_and_version(&request.source, &request.rights).await?;
        if request.is_advance && !key.spec.is_symmetric() {
            return Err(ServiceError::OnlySymmetricKeySupported(key.id.clone()));
        }
        let is_self_describing = matches!(request.source, DecryptSource::SelfDescribing { .. });
        let algorithm_name = if is_self_describing { "" } else { request.algorithm.as_str() };
        let algorithm = encryption_algorithm(&key, algorithm_name)?;
        if !is_self_describing {
            check_padding_mode(&request.padding_mode)?;
        }
        let plaintext = if key.spec.is_symmetric() {
            check_aad(&request.aad)?;
            let iv = match &request.source {
                DecryptSource::SelfDescribing { iv, .. } => *iv,
                DecryptSource::Version { .. } | DecryptSource::Key(_) => gcm_iv(&request.iv)?,
            };
            self.open(&version, &iv, &request.aad, &request.ciphertext).await?
        } else {
            self.decrypt_asymmetric(&version, algorithm, &request).await?
        };
        Ok(Decrypted { key_id: key.id.clone(), key_version_id: version.version.id.clone(), algorithm, plaintext })
    }

    async fn decrypt_asymmetric(
        &self,
        version: &Arc<UnsealedVersion>,
        algorithm: Algorithm,
        request: &Decrypt,
    ) -> Result<SecretBytes, ServiceError> {
        refuse_gcm_fields(&request.aad, &request.iv)?;
        let (crypto, sealed) = (encryption(algorithm)?, request.ciphertext.clone());
        let bytes = sealed.len();
        let opened =
            self.run_with_key(version, KeyHalf::Private, bytes, move |key| key.decrypt(crypto, &sealed)).await?;
        opened.map_err(|_does_not_open| ServiceError::DoesNotOpen)
    }

    async fn key_and_version(
        &self,
        source: &DecryptSource,
        rights: &Rights,
    ) -> Result<(Arc<Key>, Arc<UnsealedVersion>), ServiceError> {
        match source {
            DecryptSource::SelfDescribing { version, key, .. } | DecryptSource::Version { version, key } => {
                self.named_version(version, key.as_ref(), rights).await
            }
            DecryptSource::Key(key) => {
                let key = self.usable_key(key, rights).await?;
                let version = self.key_version(&key.initial_version).await?.ok_or(ServiceError::KeyNotFound)?;
                Ok((key, version))
            }
        }
    }

    /// The version `id` and its key. If `key` is given, it must name that key.
    async fn named_version(
        &self,
        id: &KeyVersionId,
        key: Option<&KeyRef>,
        rights: &Rights,
    ) -> Result<(Arc<Key>, Arc<UnsealedVersion>), ServiceError> {
        let named = match key {
            Some(key) => Some(self.usable_key(key, rights).await?),
            None => None,
        };
        let version = self.key_version(id).await?.ok_or(ServiceError::KeyNotFound)?;
        match named {
            Some(named) if named.id == version.version.key => Ok((named, version)),
            Some(_other) => Err(ServiceError::InvalidParameter("KeyId")),
            None => {
                let by_id = KeyRef::Id(version.version.key.clone());
                Ok((self.usable_key(&by_id, rights).await?, version))
            }
        }
    }
}
