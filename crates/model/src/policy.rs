//! Policies of application access points (rpc-api 13).
//!
//! Resources and addresses are kept as their owner wrote them, and parsed where they are evaluated.

use claviger_base::id::RuleName;

use crate::permission::Permission;
use crate::resource::Resource;

/// Permissions on resources, from some networks or from everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: RuleName,
    /// The instance it applies to, as its owner wrote it.
    pub kms_instance: String,
    /// The permitted kinds of operations.
    pub permissions: Vec<Permission>,
    /// The resources they are permitted on, as their owner wrote them; each parses as a [`Resource`].
    pub resources: Vec<String>,
    /// Names of network rules; without any, every address is permitted.
    pub network_rules: Vec<RuleName>,
    /// `AccessControlRules` as its owner wrote it, echoed byte for byte (rpc-api 13.1).
    pub access_control_rules: String,
    /// A description by its owner.
    pub description: String,
}

impl Policy {
    /// The resources, parsed.
    #[must_use]
    pub fn parsed_resources(&self) -> Vec<Resource> {
        self.resources.iter().filter_map(|text| Resource::parse(text)).collect()
    }
}
