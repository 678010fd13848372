//! Key material, prepared once per version and shared by every request that uses it.

use claviger_base::SecretBytes;
use claviger_crypto::aead::Aes256GcmKey;
use claviger_model::KeySpec;

use crate::error::ServiceError;
use crate::service::UnsealedVersion;

const MALFORMED: ServiceError = ServiceError::Bug("stored key material does not fit its key's spec");

/// Material ready for use.
#[derive(Debug)]
pub(crate) enum Material {
    /// Seals and opens.
    Aead(Aes256GcmKey),
}

impl Material {
    /// Prepares what is stored for a key of `spec`.
    pub(crate) fn prepare(spec: KeySpec, stored: &SecretBytes) -> Result<Self, ServiceError> {
        match spec {
            KeySpec::AliyunAes256 => Aes256GcmKey::new(stored).map(Self::Aead).map_err(|_length| MALFORMED),
            _ => Err(ServiceError::Unsupported),
        }
    }
}

impl UnsealedVersion {
    /// The material of a symmetric key.
    pub(crate) fn aead(&self) -> Result<&Aes256GcmKey, ServiceError> {
        match &self.material {
            Material::Aead(key) => Ok(key),
        }
    }
}
