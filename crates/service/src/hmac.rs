//! `Hmac` (instance-api 5.9): a legacy, undocumented operation; it is HMAC-SHA-256 (instance-api 10.25).

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::KeyUsage;

use crate::access::Rights;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::service::Service;

/// An authentication tag, and the key that made it.
#[derive(Debug, Clone)]
pub struct HmacTag {
    /// The key.
    pub key_id: KeyId,
    /// Its only version.
    pub key_version_id: KeyVersionId,
    /// 32 bytes.
    pub tag: [u8; 32],
}

impl Service {
    /// Computes the authentication tag of a message.
    ///
    /// # Errors
    /// In this order: missing parameters, the key, permission, its state, its usage.
    pub async fn hmac(&self, key: &KeyRef, message: &[u8], rights: &Rights) -> Result<HmacTag, ServiceError> {
        if message.is_empty() {
            return Err(ServiceError::MissingParameter("Message"));
        }
        let key = self.usable_key(key, rights).await?;
        if key.usage != KeyUsage::GenerateVerifyMac {
            return Err(ServiceError::Unsupported);
        }
        let version = self.key_version(&key.initial_version).await?.ok_or(ServiceError::KeyNotFound)?;
        let tag = version.mac()?.sign(message);
        Ok(HmacTag { key_id: key.id.clone(), key_version_id: version.version.id.clone(), tag })
    }
}
