//! `GetPublicKey` (instance-api 5.6).

use claviger_base::id::{KeyId, KeyVersionId};

use crate::access::Rights;
use crate::error::ServiceError;
use crate::key_ref::KeyRef;
use crate::service::Service;

/// The public half of a key version.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// The key.
    pub key_id: KeyId,
    /// Its version.
    pub key_version_id: KeyVersionId,
    /// SubjectPublicKeyInfo, PEM.
    pub pem: String,
}

impl Service {
    /// The public half of an asymmetric key of any usage.
    ///
    /// # Errors
    /// In this order: the key, permission, its state, its type, the version.
    pub async fn get_public_key(
        &self,
        key: &KeyRef,
        named_version: Option<&KeyVersionId>,
        rights: &Rights,
    ) -> Result<PublicKey, ServiceError> {
        let key = self.usable_key(key, rights).await?;
        if !key.spec.is_asymmetric() {
            return Err(ServiceError::Unsupported);
        }
        let version = self.asymmetric_version(&key, named_version).await?;
        let pem = version.private_key()?.public_key().pem();
        Ok(PublicKey {
            key_id: key.id.clone(),
            key_version_id: version.version.id.clone(),
            pem: pem.map_err(|_rejected| ServiceError::Bug("a public key could not be encoded as PEM"))?,
        })
    }
}
