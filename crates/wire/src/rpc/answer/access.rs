//! The answers about application access points, policies, network rules and one client key (rpc-api 13).
//!
//! The same field is JSON text where something is made and a list where it is described: that is the API's own way.
//! Terraform splits the texts at commas, so they are compact.

use serde::{Deserialize, Serialize};

use super::ClientKeyEntry;

/// CreateNetworkRule; DescribeNetworkRule, which has no `Name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkRuleAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// `...network/<name>`.
    pub arn: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `Private`.
    pub r#type: String,
    /// A JSON array as text.
    pub source_private_ip: String,
    /// The owner's words.
    pub description: String,
}

/// CreatePolicy (`T` is text) and DescribePolicy (`T` is a list).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyAnswer<T> {
    /// Lower-case UUID.
    pub request_id: String,
    /// `...policy/<name>`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The instance it is about.
    pub kms_instance: String,
    /// What may be done.
    pub permissions: T,
    /// With what.
    pub resources: T,
    /// A JSON object as text, byte for byte as its owner wrote it.
    pub access_control_rules: String,
    /// The owner's words.
    pub description: String,
}

/// CreateApplicationAccessPoint, DescribeApplicationAccessPoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessPointAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// `...applicationaccesspoint/<name>`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `ClientKey`.
    pub authentication_method: String,
    /// A JSON array as text.
    pub policies: String,
    /// The owner's words.
    pub description: String,
}

/// GetClientKey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClientKeyAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The rest.
    #[serde(flatten)]
    pub client_key: ClientKeyEntry,
}

/// ListNetworkRules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListNetworkRulesAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The list.
    pub network_rules: NetworkRules,
    /// From 1.
    pub page_number: u32,
    /// Entries on a page.
    pub page_size: u32,
    /// In all.
    pub total_count: u64,
}

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkRules {
    /// The list.
    pub network_rule: Vec<NetworkRuleEntry>,
}

/// A network rule in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkRuleEntry {
    /// Its name.
    pub name: String,
    /// `Private`.
    pub r#type: String,
}

/// ListPolicies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListPoliciesAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The list.
    pub policies: Policies,
    /// From 1.
    pub page_number: u32,
    /// Entries on a page.
    pub page_size: u32,
    /// In all.
    pub total_count: u64,
}

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policies {
    /// The list.
    pub policy: Vec<PolicyEntry>,
}

/// A policy in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyEntry {
    /// Its name.
    pub name: String,
}

/// ListApplicationAccessPoints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListAccessPointsAnswer {
    /// Lower-case UUID.
    pub request_id: String,
    /// The list.
    pub application_access_points: AccessPoints,
    /// From 1.
    pub page_number: u32,
    /// Entries on a page.
    pub page_size: u32,
    /// In all.
    pub total_count: u64,
}

/// The list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessPoints {
    /// The list.
    pub application_access_point: Vec<AccessPointEntry>,
}

/// An application access point in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessPointEntry {
    /// Its name.
    pub name: String,
    /// `ClientKey`.
    pub authentication_method: String,
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;

    #[test]
    fn a_described_rule_has_no_name_and_types_have_theirs() {
        let rule = NetworkRuleAnswer {
            r#type: "Private".into(),
            source_private_ip: "[\"a\",\"b\"]".into(),
            ..Default::default()
        };
        let expected = "{\"RequestId\":\"\",\"Arn\":\"\",\"Type\":\"Private\",\"SourcePrivateIp\":\"[\\\"a\\\",\\\"b\\\"]\",\"Description\":\"\"}";
        assert_eq!(String::from_utf8(encode(&rule).unwrap()).unwrap(), expected);
    }

    #[test]
    fn empty_lists_are_written() {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert!(text(encode(&ListPoliciesAnswer::default()).unwrap()).contains("\"Policies\":{\"Policy\":[]}"));
        let points = text(encode(&ListAccessPointsAnswer::default()).unwrap());
        assert!(points.contains("\"ApplicationAccessPoints\":{\"ApplicationAccessPoint\":[]}"), "{points}");
        let rules = text(encode(&ListNetworkRulesAnswer::default()).unwrap());
        assert!(rules.contains("\"NetworkRules\":{\"NetworkRule\":[]}"), "{rules}");
    }
}
