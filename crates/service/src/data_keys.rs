//! `GenerateDataKey` and `AdvanceGenerateDataKey` (instance-api 5.3).

use claviger_base::SecretBytes;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::Algorithm;

use crate::access::Rights;
use crate::data_key_pairs::generate::VersionChoice;
use crate::encrypt::encryption_algorithm;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::sealing::{Remarks, check_aad};
use crate::service::Service;

/// Longest data key, bytes (rpc-api 5).
const BYTES_MAX: usize = 1024;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct GenerateDataKey {
    /// Who may use what.
    pub rights: Rights,
    /// The symmetric key to wrap under.
    pub key: KeyRef,
    /// Which of its versions.
    pub version: VersionChoice,
    /// `NumberOfBytes`, 1 to 1024.
    pub number_of_bytes: i32,
    /// `Algorithm`; empty or the key's own.
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes.
    pub aad: Vec<u8>,
}

/// A data key, plain and wrapped.
#[derive(Debug)]
pub struct DataKey {
    /// The wrapping key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// How it is wrapped.
    pub algorithm: Algorithm,
    /// The initialization vector of the wrapping.
    pub iv: [u8; 12],
    /// The data key: bytes of the operating system's generator.
    pub plaintext: SecretBytes,
    /// GCM of `plaintext` under the version: ciphertext and 16-byte tag.
    pub ciphertext: Vec<u8>,
    /// What is remarkable about it.
    pub remarks: Remarks,
}

impl Service {
    /// Makes a data key and wraps it. Nothing of it is kept.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, a key that is not symmetric, parameters that
    /// are not allowed, [`ServiceError::KeyVersionExhausted`].
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
        let remarks = self.remark_basic(&key, request.version)?;
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
            remarks,
        })
    }
}
