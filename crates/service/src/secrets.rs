//! `GetSecretValue` (instance-api 5.7). Secrets cannot be stored yet, so every request is checked in full and then refused as
//! if the secret did not exist.

use claviger_model::{Target, is_secret_name};

use crate::access::Rights;
use crate::error::ServiceError;
use crate::service::Service;

/// Characters of the longest `VersionId` and stage label (rpc-api 5).
const LABEL_CHARS_MAX: usize = 64;

/// A request for the value of a secret.
#[derive(Debug, Clone)]
pub struct GetSecretValue {
    /// The caller's rights.
    pub rights: Rights,
    /// `SecretName`.
    pub secret_name: String,
    /// `VersionStage`; empty: `ACSCurrent`.
    pub version_stage: String,
    /// `VersionId`; empty: the version is found by its stage.
    pub version_id: String,
}

/// The value of a secret. The type has no values, because secrets cannot be stored yet.
#[derive(Debug)]
pub enum SecretValue {}

impl Service {
    /// Reads a secret.
    ///
    /// # Errors
    /// In this order: parameters, permission; otherwise always [`ServiceError::ResourceNotFound`].
    pub fn get_secret_value(&self, request: &GetSecretValue) -> Result<SecretValue, ServiceError> {
        let name = request.secret_name.as_str();
        if name.is_empty() {
            return Err(ServiceError::MissingParameter("SecretName"));
        }
        if !is_secret_name(name) {
            return Err(ServiceError::InvalidParameter("SecretName"));
        }
        for (label, parameter) in [(&request.version_stage, "VersionStage"), (&request.version_id, "VersionId")] {
            if label.chars().count() > LABEL_CHARS_MAX {
                return Err(ServiceError::InvalidParameter(parameter));
            }
        }
        request.rights.require(Target::Secret(name))?;
        Err(ServiceError::ResourceNotFound)
    }
}
