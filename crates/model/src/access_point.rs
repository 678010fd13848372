//! Application access points, to which client keys belong (rpc-api 13).

use claviger_base::id::RuleName;

/// The most policies that an application access point can have. The same limit applies to its client keys.
pub const PER_ACCESS_POINT_MAX: usize = 3;

/// An application as this instance knows it: a name with policies. Client keys belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// Its name.
    pub name: RuleName,
    /// Its policies, one to three.
    pub policies: Vec<RuleName>,
    /// A description by its owner.
    pub description: String,
}
