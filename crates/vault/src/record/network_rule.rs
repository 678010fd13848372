//! Network rules.

use claviger_base::SecretBytes;
use claviger_base::id::RuleName;
use claviger_model::NetworkRule;
use prost::Message;
use zeroize::Zeroizing;

use super::rule_message::RuleMessage;
use crate::kind::Kind;
use crate::record::Record;

impl Record for NetworkRule {
    const KIND: Kind = Kind::NetworkRule;
    const PREFIX: &str = "network-rule/";
    type Id = RuleName;

    fn id(&self) -> RuleName {
        self.name.clone()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        RuleMessage {
            name: self.name.to_string(),
            description: self.description.clone(),
            entries: self.source_private_ip.clone(),
            ..RuleMessage::default()
        }
        .encoded()
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RuleMessage::decode(payload.reveal()).ok()?;
        let rule = Self {
            name: RuleName::parse(&message.name)?,
            source_private_ip: message.entries,
            description: message.description,
        };
        (rule.networks().len() == rule.source_private_ip.len()).then_some(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread<R: Record>(record: &R) -> Option<R> {
        R::decode(&SecretBytes::copy_from(&record.encode()))
    }

    #[test]
    fn is_read_as_written_and_refused_with_a_malformed_range() {
        let rule = |range: &str| NetworkRule {
            name: RuleName::parse("office").unwrap(),
            source_private_ip: vec![range.to_owned(), "::1".to_owned()],
            description: String::new(),
        };
        assert_eq!(reread(&rule("10.0.0.0/8")), Some(rule("10.0.0.0/8")));
        assert_eq!(reread(&rule("10.0.0.0/99")), None);
    }
}
