//! `GetSecretValue` (instance-api 5.7). The place of secrets: until they are stored here, each one is missing, and
//! is answered as the API answers a missing secret, after the caller's rights were asked.

use claviger_model::Target;
use claviger_model::is_secret_name;

use crate::access::Rights;
use crate::error::ServiceError;
use crate::service::Service;

/// Longest `VersionId` and stage label, characters (rpc-api 5).
const LABEL_CHARS_MAX: usize = 64;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct GetSecretValue {
    /// Who may use what.
    pub rights: Rights,
    /// `SecretName`.
    pub secret_name: String,
    /// `VersionStage`; empty: `ACSCurrent`.
    pub version_stage: String,
    /// `VersionId`; empty: by stage.
    pub version_id: String,
}

/// The value of a secret. None exists yet, so nobody can make one.
#[derive(Debug)]
pub enum SecretValue {}

impl Service {
    /// Reads a secret.
    ///
    /// # Errors
    /// In this order: parameters, permission, [`ServiceError::ResourceNotFound`] always.
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
