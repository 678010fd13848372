//! What a client key may do: evaluation of the policies of its application access point (rpc-api 13.2, instance-api 1.9).
//!
//! A policy grants permissions on resources, from some networks or from everywhere. Everything else is refused.

use std::net::IpAddr;

use claviger_base::id::KeyId;

use crate::network::Network;
use crate::permission::Permission;
use crate::resource::Resource;

/// One policy, parsed for evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The permitted kinds of operations.
    pub permissions: Vec<Permission>,
    /// The resources they are permitted on.
    pub resources: Vec<Resource>,
    /// The networks they are permitted from. `None` permits every address, an empty list none.
    pub networks: Option<Vec<Network>>,
}

/// The key or secret that a caller asks to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A key by its id. Aliases are resolved first.
    Key(&'a KeyId),
    /// A secret by its name.
    Secret(&'a str),
}

impl Grant {
    /// Whether the policy applies to this source address at all.
    #[must_use]
    pub fn admits(&self, source: IpAddr) -> bool {
        self.networks.as_ref().is_none_or(|networks| networks.iter().any(|network| network.contains(source)))
    }

    /// Whether the policy grants the use of `target` from `source`.
    #[must_use]
    pub fn allows(&self, target: Target<'_>, source: IpAddr) -> bool {
        let permission = match target {
            Target::Key(_) => Permission::KeyUser,
            Target::Secret(_) => Permission::SecretUser,
        };
        let covers = |resource: &Resource| match (resource, target) {
            (Resource::AnyKey, Target::Key(_)) | (Resource::AnySecret, Target::Secret(_)) => true,
            (Resource::Key(id), Target::Key(wanted)) => id == wanted,
            (Resource::Secret(name), Target::Secret(wanted)) => name == wanted,
            (Resource::AnyKey | Resource::Key(_), Target::Secret(_))
            | (Resource::AnySecret | Resource::Secret(_), Target::Key(_)) => false,
        };
        self.admits(source) && self.permissions.contains(&permission) && self.resources.iter().any(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(permissions: &[Permission], resources: &[&str], networks: Option<&[&str]>) -> Grant {
        Grant {
            permissions: permissions.to_vec(),
            resources: resources.iter().map(|text| Resource::parse(text).unwrap()).collect(),
            networks: networks.map(|all| all.iter().map(|text| Network::parse(text).unwrap()).collect()),
        }
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_grant_needs_permission_resource_and_network() {
        let (key, other) = (KeyId::generate().unwrap(), KeyId::generate().unwrap());
        let one = format!("key/{key}");
        let (near, far) = (at("10.0.0.1"), at("11.0.0.1"));
        let full = grant(&Permission::ALL, &["key/*", "secret/*"], None);
        assert!(full.allows(Target::Key(&key), far) && full.allows(Target::Secret("s"), far));
        let narrow = grant(&[Permission::KeyUser], &[&one], Some(&["10.0.0.0/8"]));
        assert!(narrow.allows(Target::Key(&key), near));
        assert!(!narrow.allows(Target::Key(&other), near));
        assert!(!narrow.allows(Target::Key(&key), far));
        assert!(!narrow.allows(Target::Secret("s"), near));
        // A permission grants nothing without a resource of its kind. Nor does a resource without a permission of its kind.
        assert!(!grant(&[Permission::SecretUser], &["key/*"], None).allows(Target::Key(&key), near));
        assert!(!grant(&[Permission::KeyUser], &["secret/*"], None).allows(Target::Secret("s"), near));
        assert!(!grant(&[Permission::SecretUser], &["secret/a"], None).allows(Target::Secret("b"), near));
        // A policy whose network rules contain no addresses admits nobody.
        assert!(!grant(&Permission::ALL, &["key/*"], Some(&[])).allows(Target::Key(&key), near));
    }

    #[test]
    fn permission_names_parse_exactly() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.name()), Some(permission));
        }
        assert_eq!(Permission::parse("CryptoServiceKeyUser"), None);
    }
}
