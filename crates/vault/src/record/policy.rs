//! Policies.

use claviger_base::SecretBytes;
use claviger_base::id::RuleName;
use claviger_model::{Permission, Policy};
use prost::Message;
use zeroize::Zeroizing;

use super::rule_message::{RuleMessage, names, texts};
use crate::kind::Kind;
use crate::record::Record;

impl Record for Policy {
    const KIND: Kind = Kind::Policy;
    const PREFIX: &str = "policy/";
    type Id = RuleName;

    fn id(&self) -> RuleName {
        self.name.clone()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        RuleMessage {
            name: self.name.to_string(),
            description: self.description.clone(),
            entries: texts(&self.network_rules),
            permissions: self.permissions.iter().map(|permission| permission.name().to_owned()).collect(),
            resources: self.resources.clone(),
            kms_instance: self.kms_instance.clone(),
            access_control_rules: self.access_control_rules.clone(),
        }
        .encoded()
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RuleMessage::decode(payload.reveal()).ok()?;
        let policy = Self {
            name: RuleName::parse(&message.name)?,
            kms_instance: message.kms_instance,
            permissions: message.permissions.iter().map(|name| Permission::parse(name)).collect::<Option<_>>()?,
            resources: message.resources,
            network_rules: names(&message.entries)?,
            access_control_rules: message.access_control_rules,
            description: message.description,
        };
        (policy.parsed_resources().len() == policy.resources.len()).then_some(policy)
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
    fn is_read_as_written_and_refused_with_a_malformed_resource() {
        assert_eq!(reread(&policy()), Some(policy()));
        assert_eq!(reread(&Policy { resources: vec!["key/**".to_owned()], ..policy() }), None);
    }
}
