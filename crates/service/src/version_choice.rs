//! Which version of a symmetric key an operation uses: the difference between the basic and the Advance operations.

use claviger_base::id::KeyVersionId;
use claviger_model::Key;

use crate::error::ServiceError;

/// Which version of a symmetric key to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionChoice {
    /// The first version, for the basic operations.
    Initial,
    /// The newest version, for the Advance operations.
    Primary,
}

impl VersionChoice {
    /// That version of `key`.
    pub(crate) fn of(self, key: &Key) -> &KeyVersionId {
        match self {
            Self::Initial => &key.initial_version,
            Self::Primary => &key.primary_version,
        }
    }

    /// Refuses a key that is not symmetric, with the error that the basic or the Advance operations use.
    pub(crate) fn require_symmetric(self, key: &Key) -> Result<(), ServiceError> {
        match self {
            _ if key.spec.is_symmetric() => Ok(()),
            Self::Primary => Err(ServiceError::OnlySymmetricKeySupported(key.id.clone())),
            Self::Initial => Err(ServiceError::Unsupported),
        }
    }
}
