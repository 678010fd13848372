//! `Decrypt` and `AdvanceDecrypt` (instance-api 5.1, 5.2).

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{Algorithm, Key};

use crate::access::Rights;
use crate::encrypt::encryption_algorithm;
use crate::error::ServiceError;
use crate::key_material::UnsealedVersion;
use crate::key_ref::KeyRef;
use crate::sealing::{check_aad, check_padding_mode, gcm_iv};
use crate::service::Service;

/// Where the version comes from.
#[derive(Debug, Clone)]
pub enum DecryptSource {
    /// The blob names it, and its initialization vector; the request's `Algorithm`, `Iv` and `PaddingMode` are not judged.
    SelfDescribing {
        /// The version named in the blob.
        version: KeyVersionId,
        /// The initialization vector in the blob.
        iv: [u8; 12],
        /// The request's `KeyId`, which must agree if it is given.
        key: Option<KeyRef>,
    },
    /// A version was named in the request's header.
    Version {
        /// The version named.
        version: KeyVersionId,
        /// The request's `KeyId`, which must agree if it is given.
        key: Option<KeyRef>,
    },
    /// Only the key is named: its initial version, which made every raw blob.
    Key(KeyRef),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Decrypt {
    /// Who may use what.
    pub rights: Rights,
    /// What opens it.
    pub source: DecryptSource,
    /// Ciphertext; with a tag for GCM. Not empty.
    pub ciphertext: Vec<u8>,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
    /// `Algorithm`; empty takes the key's default.
    pub algorithm: String,
    /// `Iv`: 12 bytes for GCM.
    pub iv: Vec<u8>,
    /// `PaddingMode`.
    pub padding_mode: String,
    /// Whether this is `AdvanceDecrypt`, which names its refusal of asymmetric keys differently.
    pub is_advance: bool,
}

/// What was sealed.
#[derive(Debug)]
pub struct Decrypted {
    /// The key that opened it.
    pub key_id: KeyId,
    /// The version that opened it.
    pub key_version_id: KeyVersionId,
    /// How.
    pub algorithm: Algorithm,
    /// The plaintext.
    pub plaintext: SecretBytes,
}

impl Service {
    /// Whether a key version of this id exists, whatever the state of its key: decides if a blob that begins like a
    /// self-describing one is one.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn key_version_exists(&self, id: &KeyVersionId) -> Result<bool, ServiceError> {
        Ok(self.key_version(id).await?.is_some())
    }

    /// Opens a ciphertext.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, a named key and a named version that do not
    /// belong together ([`ServiceError::InvalidParameter`]), the key's type and usage, parameters that are not allowed,
    /// [`ServiceError::DoesNotOpen`], without detail.
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

    /// The version `id` with its key, which must be the one that `key` names, if it names one.
    pub(crate) async fn named_version(
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
