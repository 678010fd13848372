//! Application access points: what client keys belong to (rpc-api 13).

use claviger_base::id::RuleName;

/// Most policies of an application access point, and most client keys.
pub const PER_ACCESS_POINT_MAX: usize = 3;

/// What an application is to this instance: a name with policies, to which client keys belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// Its name.
    pub name: RuleName,
    /// Its policies, one to three.
    pub policies: Vec<RuleName>,
    /// The owner's words about it.
    pub description: String,
}
