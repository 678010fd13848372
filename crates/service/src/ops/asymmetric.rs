//! Encryption with asymmetric keys (instance-api.md 5.1, section 8).

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_model::{Algorithm, Key};

use super::decrypt::Decrypt;
use super::encrypt::{Encrypt, Encrypted};
use crate::error::ServiceError;
use crate::service::{Service, UnsealedVersion};

impl Service {
    pub(super) async fn encrypt_asymmetric(
        &self,
        _key: &Arc<Key>,
        _algorithm: Algorithm,
        _request: Encrypt,
    ) -> Result<Encrypted, ServiceError> {
        Err(ServiceError::Unsupported)
    }

    pub(super) async fn decrypt_asymmetric(
        &self,
        _version: &Arc<UnsealedVersion>,
        _algorithm: Algorithm,
        _request: &Decrypt,
    ) -> Result<SecretBytes, ServiceError> {
        Err(ServiceError::Unsupported)
    }
}
