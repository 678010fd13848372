//! Access keys of the control plane.

use claviger_base::id::AccessKeyId;
use claviger_base::{SecretBytes, Timestamp};

/// An access key: rpc-api 3. The secret is symmetric, so it must be kept; it lies sealed like key material.
#[derive(Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretBytes,
    /// When it was made, business time.
    pub created: Timestamp,
    /// Whether it may be used (`Active`), or is kept but refused (`Inactive`).
    pub is_active: bool,
}
