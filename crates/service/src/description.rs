//! What a `Description` may be, whatever it describes (rpc-api 5).

use claviger_base::limits::DESCRIPTION_CHARS_MAX;

use crate::error::ServiceError;

/// Refuses a description that is too long.
pub(crate) fn check_description(description: &str) -> Result<(), ServiceError> {
    let is_too_long = description.chars().count() > DESCRIPTION_CHARS_MAX;
    if is_too_long { Err(ServiceError::InvalidParameter("Description")) } else { Ok(()) }
}
