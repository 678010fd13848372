//! The instance: what everything else belongs to.

use claviger_base::Timestamp;
use claviger_base::id::InstanceId;

/// The instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// The account that owns everything in it: 16 decimal digits (rpc-api 5).
    pub account: String,
    /// When it was made.
    pub created: Timestamp,
}
