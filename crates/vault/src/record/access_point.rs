//! Application access points.

use claviger_base::SecretBytes;
use claviger_base::id::RuleName;
use claviger_model::{AccessPoint, PER_ACCESS_POINT_MAX};
use prost::Message;
use zeroize::Zeroizing;

use super::rule_message::{RuleMessage, names, texts};
use crate::kind::Kind;
use crate::record::Record;

impl Record for AccessPoint {
    const KIND: Kind = Kind::AccessPoint;
    const PREFIX: &str = "access-point/";
    type Id = RuleName;

    fn id(&self) -> RuleName {
        self.name.clone()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        RuleMessage {
            name: self.name.to_string(),
            description: self.description.clone(),
            entries: texts(&self.policies),
            ..RuleMessage::default()
        }
        .encoded()
    }

    fn decode(payload: &SecretBytes) -> Option<Self> {
        let message = RuleMessage::decode(payload.reveal()).ok()?;
        let policies = names(&message.entries).filter(|policies| policies.len() <= PER_ACCESS_POINT_MAX)?;
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

    #[test]
    fn is_read_as_written_and_refused_with_too_many_policies() {
        let with = |policies: &[&str]| AccessPoint {
            name: name("a"),
            policies: policies.iter().map(|policy| name(policy)).collect(),
            description: String::new(),
        };
        assert_eq!(reread(&with(&["p"])), Some(with(&["p"])));
        assert_eq!(reread(&with(&["a", "b", "c", "d"])), None);
    }
}
