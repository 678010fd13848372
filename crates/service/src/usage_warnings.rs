//! Uses that the API allows and that an operator should know of, or may deny.

use claviger_model::Key;

use crate::error::ServiceError;
use crate::service::Service;
use crate::version_choice::VersionChoice;

/// What is hazardous about one use of a key: counted in metrics and noted in the audit record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageWarnings {
    /// A basic operation on a key that rotates. Basic operations always use the first version.
    pub is_basic_on_rotating_key: bool,
    /// The caller chose the initialization vector.
    pub is_caller_supplied_iv: bool,
}

impl UsageWarnings {
    /// The text in the audit record.
    #[must_use]
    pub const fn text(self) -> Option<&'static str> {
        match (self.is_basic_on_rotating_key, self.is_caller_supplied_iv) {
            (true, true) => Some("basic operation on a rotating key, caller supplied iv"),
            (true, false) => Some("basic operation on a rotating key"),
            (false, true) => Some("caller supplied iv"),
            (false, false) => None,
        }
    }
}

impl Service {
    /// The warnings about a use of this version of `key` with this choice of the initialization vector.
    ///
    /// # Errors
    /// [`ServiceError::BasicOperationOnRotatingKey`], [`ServiceError::CallerSuppliedIv`] where the operator denies such uses.
    pub(crate) fn usage_warnings(
        &self,
        key: &Key,
        version: VersionChoice,
        is_caller_supplied_iv: bool,
    ) -> Result<UsageWarnings, ServiceError> {
        let is_basic_on_rotating_key = version == VersionChoice::Initial && key.is_rotating();
        if is_basic_on_rotating_key && self.use_policy.deny_basic_operations_on_rotating_keys {
            return Err(ServiceError::BasicOperationOnRotatingKey);
        }
        if is_caller_supplied_iv && self.use_policy.deny_caller_supplied_iv {
            return Err(ServiceError::CallerSuppliedIv);
        }
        Ok(UsageWarnings { is_basic_on_rotating_key, is_caller_supplied_iv })
    }
}
