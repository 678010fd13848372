//! What a client key may do: the policies of its application access point, evaluated purely (rpc-api 13.2,
//! instance-api 1.9).
//!
//! A policy grants permissions on resources, from some networks or from everywhere. What no policy grants is refused.

use std::net::IpAddr;

use claviger_base::id::KeyId;

/// Most policies of an application access point, and most client keys.
pub const PER_ACCESS_POINT_MAX: usize = 3;

/// A permission template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Cryptographic operations with keys.
    KeyUser,
    /// Reading secrets.
    SecretUser,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 2] = [Self::KeyUser, Self::SecretUser];

    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyUser => "RbacPermission/Template/CryptoServiceKeyUser",
            Self::SecretUser => "RbacPermission/Template/CryptoServiceSecretUser",
        }
    }

    /// The permission of that name, exactly as written.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}

/// What a permission is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// `key/*`
    AnyKey,
    /// `key/<KeyId>`
    Key(KeyId),
    /// `secret/*`
    AnySecret,
    /// `secret/<SecretName>`
    Secret(String),
}

impl Resource {
    /// The resource written so; wildcards only as a whole name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('/')? {
            ("key", "*") => Some(Self::AnyKey),
            ("key", id) => KeyId::parse(id).map(Self::Key),
            ("secret", "*") => Some(Self::AnySecret),
            ("secret", name) => is_secret_name(name).then(|| Self::Secret(name.to_owned())),
            _ => None,
        }
    }
}

/// Whether a secret may have this name: at most 192 letters, digits and `_/+=.@-` (rpc-api 5).
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_/+=.@-".contains(&b);
    (1..=192).contains(&name.len()) && name.bytes().all(allowed)
}

/// A range of source addresses, such as `10.0.0.0/8`; one address stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// The range written so. Bits behind the prefix must be zero: `10.1.2.3/8` is more likely a slip than a wish.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        // Callers are compared in canonical form, so that it could never match.
        if address.to_canonical() != address {
            return None;
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        let network = Self { address, prefix_bits };
        (prefix_bits <= width && network.masked(address) == network.bits(address)).then_some(network)
    }

    /// Whether the text begins with an IPv4 address in IPv6 clothes, `::ffff:a.b.c.d`, which [`Network::parse`] refuses.
    #[must_use]
    pub fn is_ipv4_mapped(text: &str) -> bool {
        let address = text.split_once('/').map_or(text, |(address, _prefix)| address);
        address.parse().is_ok_and(|address: IpAddr| address.to_canonical() != address)
    }

    /// Whether the range has this address; an IPv4 address written as an IPv6 one counts as what it is.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && self.masked(address) == self.masked(self.address)
    }

    fn bits(&self, address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address),
        }
    }

    fn masked(&self, address: IpAddr) -> u128 {
        let width = if self.address.is_ipv4() { 32 } else { 128 };
        let behind = width - self.prefix_bits.min(width);
        self.bits(address).checked_shr(behind).and_then(|bits| bits.checked_shl(behind)).unwrap_or(0)
    }
}

/// One policy, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What may be done.
    pub permissions: Vec<Permission>,
    /// With what.
    pub resources: Vec<Resource>,
    /// From where; `None`: from everywhere. An empty list: from nowhere.
    pub networks: Option<Vec<Network>>,
}

/// What somebody wants to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A key, by its id: aliases are resolved before.
    Key(&'a KeyId),
    /// A secret, by its name.
    Secret(&'a str),
}

impl Grant {
    /// Whether the policy admits this source address at all.
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
    fn resources_parse_and_near_misses_do_not() {
        assert_eq!(Resource::parse("key/*"), Some(Resource::AnyKey));
        assert_eq!(Resource::parse("secret/db/main"), Some(Resource::Secret("db/main".to_owned())));
        for text in
            ["*", "key/", "key", "key/key-1", "key/key-*", "secret/", "secret/a b", "alias/dev", "KEY/*", "key/*/*"]
        {
            assert_eq!(Resource::parse(text), None, "{text}");
        }
    }

    #[test]
    fn networks_parse_and_near_misses_do_not() {
        for text in ["10.0.0.0/8", "192.168.1.7", "0.0.0.0/0", "fd00::/8", "::1", "::/0", "10.1.2.3/32"] {
            assert!(Network::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "10.0.0.0/33",
            "10.1.2.3/8",
            "10.0.0/8",
            "fd00::1/8",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "a/8",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
            assert!(!Network::is_ipv4_mapped(text), "{text}");
        }
    }

    /// Such a rule was taken and matched nobody.
    #[test]
    fn an_ipv4_range_in_ipv6_form_is_told_apart() {
        for text in
            ["::ffff:10.0.0.0/104", "::ffff:10.1.2.3", "::ffff:a01:203/128", "::ffff:0:0/96", "::ffff:10.0.0.0/8"]
        {
            assert_eq!(Network::parse(text), None, "{text}");
            assert!(Network::is_ipv4_mapped(text), "{text}");
        }
        for text in ["10.0.0.0/8", "::1", "::/0", "::/96", "fd00::/8", "2001:db8::ffff:10.0.0.0"] {
            assert!(!Network::is_ipv4_mapped(text), "{text}");
        }
    }

    #[test]
    fn networks_contain_their_edges_and_no_more() {
        let network = Network::parse("10.32.0.0/11").unwrap();
        for (address, expected) in [
            ("10.32.0.0", true),
            ("10.63.255.255", true),
            ("10.31.255.255", false),
            ("10.64.0.0", false),
            ("::ffff:10.40.0.1", true),
            ("::ffff:10.64.0.1", false),
            ("::a28:1", false),
        ] {
            assert_eq!(network.contains(at(address)), expected, "{address}");
        }
        assert!(Network::parse("0.0.0.0/0").unwrap().contains(at("203.0.113.9")));
        assert!(!Network::parse("0.0.0.0/0").unwrap().contains(at("2001:db8::1")));
        assert!(Network::parse("::/0").unwrap().contains(at("2001:db8::1")));
        assert!(!Network::parse("::/0").unwrap().contains(at("10.0.0.1")));
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
        // A permission without its kind of resource grants nothing, and the reverse.
        assert!(!grant(&[Permission::SecretUser], &["key/*"], None).allows(Target::Key(&key), near));
        assert!(!grant(&[Permission::KeyUser], &["secret/*"], None).allows(Target::Secret("s"), near));
        assert!(!grant(&[Permission::SecretUser], &["secret/a"], None).allows(Target::Secret("b"), near));
        // Rules that were emptied admit nobody.
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
