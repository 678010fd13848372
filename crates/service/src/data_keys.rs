//! `GenerateDataKey` and `AdvanceGenerateDataKey` (instance-api 5.3).

use claviger_base::SecretBytes;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::limits::GCM_IV_BYTES;
use claviger_model::Algorithm;

use crate::access::Rights;
use crate::encrypt::encryption_algorithm;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::sealing::check_aad;
use crate::service::Service;
use crate::usage_warnings::UsageWarnings;
use crate::version_choice::VersionChoice;

/// Bytes of the longest data key (rpc-api 5).
const BYTES_MAX: usize = 1024;

/// A request for a data key.
#[derive(Debug, Clone)]
pub struct GenerateDataKey {
    /// The caller's rights.
    pub rights: Rights,
    /// The symmetric key to wrap under.
    pub key: KeyRef,
    /// Which version of the key.
    pub version: VersionChoice,
    /// `NumberOfBytes`, 1 to 1024.
    pub number_of_bytes: i32,
    /// `Algorithm`; empty takes the key's default.
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
}

/// A data key, in plaintext and wrapped.
#[derive(Debug)]
pub struct DataKey {
    /// The wrapping key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// The algorithm that wraps it.
    pub algorithm: Algorithm,
    /// The initialization vector of the wrapping.
    pub iv: [u8; GCM_IV_BYTES],
    /// The data key: random bytes from the operating system.
    pub plaintext: SecretBytes,
    /// GCM of `plaintext` under the version: ciphertext and 16-byte tag.
    pub ciphertext: Vec<u8>,
    /// What is hazardous about this use of the wrapping key.
    pub warnings: UsageWarnings,
}

impl Service {
    /// Generates a data key and wraps it. The server keeps neither.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, a key that is not symmetric, invalid parameters,
    /// [`ServiceError::KeyVersionExhausted`].
    pub async fn generate_data_key(&self, request: GenerateDataKey) -> Result<DataKey, ServiceError> {
        if request.number_of_bytes == 0 {
            return Err(ServiceError::MissingParameter("NumberOfBytes"));
        }
        let key = self.usable_key(&request.key, &request.rights).await?;
        request.version.require_symmetric(&key)?;
        let algorithm = encryption_algorithm(&key, &request.algorithm)?;
        let bytes = usize::try_from(request.number_of_bytes).ok().filter(|bytes| *bytes <= BYTES_MAX);
        let bytes = bytes.ok_or(ServiceError::InvalidParameter("NumberOfBytes"))?;
        check_aad(&request.aad)?;
        let warnings = self.usage_warnings(&key, request.version, false)?;
        let version_id = request.version.of(&key);
        let version = self.key_version(version_id).await?.ok_or(ServiceError::KeyNotFound)?;
        let plaintext = SecretBytes::random(bytes)?;
        let (iv, ciphertext) = self.seal_random(&version, &request.aad, plaintext.reveal()).await?;
        Ok(DataKey {
            key_id: key.id.clone(),
            key_version_id: version_id.clone(),
            algorithm,
            iv,
            plaintext,
            ciphertext,
            warnings,
        })
    }
}
