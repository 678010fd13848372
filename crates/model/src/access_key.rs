//! Access keys of the control plane.

use claviger_base::id::AccessKeyId;
use claviger_base::{SecretBytes, Timestamp};

/// An access key: rpc-api 3. The server verifies signatures with the secret, so it is kept, sealed like key material.
#[derive(Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretBytes,
    /// When it was created, in business time.
    pub created: Timestamp,
    /// Whether it may be used (`Active`) or is refused (`Inactive`).
    pub is_active: bool,
}
