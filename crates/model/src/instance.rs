//! The instance, to which everything else belongs.

use claviger_base::Timestamp;
use claviger_base::id::InstanceId;

/// The instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The account that owns everything in it: 16 decimal digits (rpc-api 5).
    pub account: String,
    /// When it was created.
    pub created: Timestamp,
}
