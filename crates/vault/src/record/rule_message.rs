//! The payload that access points, policies and network rules share: a name, lists of texts, a description.

use claviger_base::id::RuleName;
use prost::Message;
use zeroize::Zeroizing;

/// The message; a kind leaves the fields that it does not have empty.
#[derive(Message)]
pub(super) struct RuleMessage {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) description: String,
    /// Names of policies, names of network rules, or address ranges.
    #[prost(string, repeated, tag = "3")]
    pub(super) entries: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub(super) permissions: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    pub(super) resources: Vec<String>,
    #[prost(string, tag = "6")]
    pub(super) kms_instance: String,
    #[prost(string, tag = "7")]
    pub(super) access_control_rules: String,
}

pub(super) fn texts(names: &[RuleName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(super) fn names(texts: &[String]) -> Option<Vec<RuleName>> {
    texts.iter().map(|text| RuleName::parse(text)).collect()
}

impl RuleMessage {
    pub(super) fn encoded(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.encode_to_vec())
    }
}
