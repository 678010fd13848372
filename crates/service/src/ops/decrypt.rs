//! `Decrypt` and `AdvanceDecrypt` with symmetric keys (instance-api.md 5.1, 5.2).

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::limits::AAD_BYTES_MAX;
use claviger_model::KeyAction;

use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::service::{Service, UnsealedVersion};

/// An initialization vector, and ciphertext with its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedParts {
    /// 12 bytes.
    pub iv: [u8; 12],
    /// Ciphertext and 16-byte tag.
    pub sealed: Vec<u8>,
}

/// Where the version and the initialization vector come from.
#[derive(Debug, Clone)]
pub enum DecryptSource {
    /// The blob names them itself. `key` is the key the caller named beside it, if any.
    SelfDescribing {
        /// The version named in the blob.
        version: KeyVersionId,
        /// What is sealed.
        parts: SealedParts,
        /// The request's `KeyId`, which must agree if it is given.
        key: Option<KeyRef>,
    },
    /// A version was named in the request's header; `key`, if given, must agree.
    Version {
        /// The version named.
        version: KeyVersionId,
        /// What is sealed.
        parts: SealedParts,
        /// The request's `KeyId`, which must agree if it is given.
        key: Option<KeyRef>,
    },
    /// Only the key is named: its initial version, which made every raw blob.
    Key {
        /// The key.
        key: KeyRef,
        /// What is sealed.
        parts: SealedParts,
    },
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Decrypt {
    /// The ciphertext and what opens it.
    pub source: DecryptSource,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
    /// `Algorithm`; empty or `AES_GCM`. Not judged for a self-describing blob.
    pub algorithm: String,
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
    /// The key and its state; a named key and a named version that do not belong together
    /// ([`ServiceError::InvalidParameter`]); [`ServiceError::DoesNotOpen`], without detail.
    pub async fn decrypt(&self, request: Decrypt) -> Result<Decrypted, ServiceError> {
        let (version, parts) = match &request.source {
            DecryptSource::SelfDescribing { version, parts, key } => {
                let version = self.named_version(version, key.as_ref()).await?;
                (version.ok_or(ServiceError::DoesNotOpen)?, parts)
            }
            DecryptSource::Version { version, parts, key } => {
                let version = self.named_version(version, key.as_ref()).await?;
                (version.ok_or(ServiceError::KeyNotFound)?, parts)
            }
            DecryptSource::Key { key, parts } => {
                let key = self.usable_key(key).await?;
                let version = self.key_version(&key.initial_version).await?;
                (version.ok_or(ServiceError::KeyNotFound)?, parts)
            }
        };
        let key_id = &version.version.key;
        let key = self.usable_key(&KeyRef::Id(key_id.clone())).await?;
        if !key.spec.is_symmetric() {
            return Err(if request.is_advance {
                ServiceError::OnlySymmetricKeySupported(key.id.clone())
            } else {
                ServiceError::Unsupported
            });
        }
        let is_self_describing = matches!(request.source, DecryptSource::SelfDescribing { .. });
        if !is_self_describing && !matches!(request.algorithm.as_str(), "" | "AES_GCM") {
            return Err(ServiceError::InvalidParameter("Algorithm"));
        }
        if request.aad.len() > AAD_BYTES_MAX {
            return Err(ServiceError::InvalidParameter("Aad"));
        }
        let opened = version.cipher.open(&parts.iv, &request.aad, &parts.sealed);
        Ok(Decrypted {
            key_id: key_id.clone(),
            key_version_id: version.version.id.clone(),
            plaintext: opened.map_err(|_does_not_open| ServiceError::DoesNotOpen)?,
        })
    }

    /// The version `id`, which must belong to `key` if one is named.
    async fn named_version(
        &self,
        id: &KeyVersionId,
        key: Option<&KeyRef>,
    ) -> Result<Option<Arc<UnsealedVersion>>, ServiceError> {
        let version = self.key_version(id).await?;
        if let (Some(version), Some(key)) = (&version, key) {
            let named = self.key(key).await?;
            named.state.allows(KeyAction::Use)?;
            if named.id != version.version.key {
                return Err(ServiceError::InvalidParameter("KeyId"));
            }
        }
        Ok(version)
    }
}
