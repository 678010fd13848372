//! What client keys may do: application access points, their policies, and the network rules of those (rpc-api 13).
//!
//! Lists are kept as the words of the API and judged by `model` where they are asked; a word that no longer parses
//! makes its record unreadable rather than a policy wider.

use claviger_base::SecretBytes;
use claviger_base::id::RuleName;
use claviger_model::policy::PER_ACCESS_POINT_MAX;
use claviger_model::{Network, Permission, Resource};
use prost::Message;
use zeroize::Zeroizing;

use super::{Kind, Record};
use crate::path;

/// Source addresses by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkRule {
    /// Its name.
    pub name: RuleName,
    /// Addresses and ranges, as their owner wrote them; each parses as a [`Network`].
    pub source_private_ip: Vec<String>,
    /// The owner's words about it.
    pub description: String,
}

impl NetworkRule {
    /// The ranges.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        self.source_private_ip.iter().filter_map(|text| Network::parse(text)).collect()
    }
}

/// Permissions on resources, from some networks or from everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: RuleName,
    /// The instance it is about, as its owner wrote it.
    pub kms_instance: String,
    /// What may be done.
    pub permissions: Vec<Permission>,
    /// With what, as its owner wrote it; each parses as a [`Resource`].
    pub resources: Vec<String>,
    /// Names of network rules; none: from everywhere.
    pub network_rules: Vec<RuleName>,
    /// `AccessControlRules` as its owner wrote it, echoed byte for byte (rpc-api 13.1).
    pub access_control_rules: String,
    /// The owner's words about it.
    pub description: String,
}

impl Policy {
    /// The resources, parsed.
    #[must_use]
    pub fn parsed_resources(&self) -> Vec<Resource> {
        self.resources.iter().filter_map(|text| Resource::parse(text)).collect()
    }
}

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

/// One message for the three: a name, lists of words, a description.
#[derive(Message)]
struct RuleMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(string, repeated, tag = "3")]
    words: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    permissions: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    resources: Vec<String>,
    #[prost(string, tag = "6")]
    kms_instance: String,
    #[prost(string, tag = "7")]
    access_control_rules: String,
}

fn texts(names: &[RuleName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn names(texts: &[String]) -> Option<Vec<RuleName>> {
    texts.iter().map(|text| RuleName::parse(text)).collect()
}

fn encoded(message: &RuleMessage) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(message.encode_to_vec())
}

impl Record for NetworkRule {
    const KIND: Kind = Kind::NetworkRule;

    fn path(&self) -> String {
        path::network_rule(&self.name)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        encoded(&RuleMessage {
            name: self.name.to_string(),
            description: self.description.clone(),
            words: self.source_private_ip.clone(),
            ..RuleMessage::default()
        })
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RuleMessage::decode(payload.reveal()).ok()?;
        let rule = Self {
            name: RuleName::parse(&message.name)?,
            source_private_ip: message.words,
            description: message.description,
        };
        (rule.networks().len() == rule.source_private_ip.len()).then_some(rule)
    }
}

impl Record for Policy {
    const KIND: Kind = Kind::Policy;

    fn path(&self) -> String {
        path::policy(&self.name)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        encoded(&RuleMessage {
            name: self.name.to_string(),
            description: self.description.clone(),
            words: texts(&self.network_rules),
            permissions: self.permissions.iter().map(|permission| permission.name().to_owned()).collect(),
            resources: self.resources.clone(),
            kms_instance: self.kms_instance.clone(),
            access_control_rules: self.access_control_rules.clone(),
        })
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RuleMessage::decode(payload.reveal()).ok()?;
        let policy = Self {
            name: RuleName::parse(&message.name)?,
            kms_instance: message.kms_instance,
            permissions: message.permissions.iter().map(|name| Permission::parse(name)).collect::<Option<_>>()?,
            resources: message.resources,
            network_rules: names(&message.words)?,
            access_control_rules: message.access_control_rules,
            description: message.description,
        };
        (policy.parsed_resources().len() == policy.resources.len()).then_some(policy)
    }
}

impl Record for AccessPoint {
    const KIND: Kind = Kind::AccessPoint;

    fn path(&self) -> String {
        path::access_point(&self.name)
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        encoded(&RuleMessage {
            name: self.name.to_string(),
            description: self.description.clone(),
            words: texts(&self.policies),
            ..RuleMessage::default()
        })
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RuleMessage::decode(payload.reveal()).ok()?;
        let policies = names(&message.words).filter(|policies| policies.len() <= PER_ACCESS_POINT_MAX)?;
        Some(Self { name: RuleName::parse(&message.name)?, policies, description: message.description })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RuleName {
        RuleName::parse(text).unwrap()
    }

    fn reread<R: Record>(record: &R) -> Option<R> {
        R::decode(&SecretBytes::copy_from(&record.encode()))
    }

    fn policy() -> Policy {
        Policy {
            name: name("p"),
            kms_instance: "kst-1".to_owned(),
            permissions: Permission::ALL.to_vec(),
            resources: vec!["key/*".to_owned(), "secret/a".to_owned()],
            network_rules: vec![name("office")],
            access_control_rules: "{ \"NetworkRules\" : [\"office\"] }".to_owned(),
            description: "d".to_owned(),
        }
    }

    #[test]
    fn records_read_back() {
        assert_eq!(reread(&policy()), Some(policy()));
        let rule = NetworkRule {
            name: name("office"),
            source_private_ip: vec!["10.0.0.0/8".to_owned(), "::1".to_owned()],
            description: String::new(),
        };
        assert_eq!(reread(&rule), Some(rule));
        let point = AccessPoint { name: name("a"), policies: vec![name("p")], description: String::new() };
        assert_eq!(reread(&point), Some(point));
    }

    #[test]
    fn a_word_that_does_not_parse_makes_the_record_unreadable() {
        assert_eq!(reread(&Policy { resources: vec!["key/**".to_owned()], ..policy() }), None);
        let rule = NetworkRule {
            name: name("office"),
            source_private_ip: vec!["10.0.0.0/99".to_owned()],
            description: String::new(),
        };
        assert_eq!(reread(&rule), None);
        let four = ["a", "b", "c", "d"].map(name).to_vec();
        assert_eq!(reread(&AccessPoint { name: name("a"), policies: four, description: String::new() }), None);
    }
}
