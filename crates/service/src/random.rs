//! `GenerateRandom` (instance-api 5.8). It uses no key, so every authenticated client key may call it.

use claviger_base::SecretBytes;

use crate::error::ServiceError;
use crate::service::Service;

/// The maximum number of bytes in one request.
const LENGTH_MAX: usize = 64;

impl Service {
    /// Random bytes from the operating system.
    ///
    /// # Errors
    /// [`ServiceError::MissingParameter`] for 0, [`ServiceError::InvalidParameter`] outside 1 to 64.
    pub fn generate_random(&self, length: i32) -> Result<SecretBytes, ServiceError> {
        if length == 0 {
            return Err(ServiceError::MissingParameter("Length"));
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= LENGTH_MAX);
        Ok(SecretBytes::random(length.ok_or(ServiceError::InvalidParameter("Length"))?)?)
    }
}
