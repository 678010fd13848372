//! Network rules of policies: Create, Describe, Update, List and DeleteNetworkRule (rpc-api 13.1).

use claviger_base::id::RuleName;
use serde::{Deserialize, Serialize};

use super::error::RpcError;
use super::json::Acknowledged;
use super::page::{PAGE_SIZE_MAX, page_answer, page_request};
use super::parameters::Parameters;
use super::request::Documented::{self, Served};
use super::request::{DESCRIPTION, NAME, Request, description, new_rule_name, one_parameter, rule_name};

/// Default page size.
const PAGE_SIZE_DEFAULT: u32 = 20;

/// Creates a network rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateNetworkRule {
    /// `Name`.
    pub name: RuleName,
    /// `SourcePrivateIp`: the address ranges of permitted callers.
    pub source_private_ip: Vec<String>,
    /// `Description`: free text.
    pub description: String,
}

/// The only `Type` of network rules.
pub const PRIVATE: &str = "Private";

impl Request for CreateNetworkRule {
    type Answer = NetworkRuleAnswer;

    const PARAMETERS: &'static [Documented] = &[NAME, Served("Type"), Served("SourcePrivateIp"), DESCRIPTION];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let name = new_rule_name(parameters)?;
        if parameters.required("Type")? != PRIVATE {
            return Err(RpcError::invalid("Type"));
        }
        Ok(Self {
            name,
            source_private_ip: parameters.optional_texts("SourcePrivateIp")?.unwrap_or_default(),
            description: description(parameters).unwrap_or_default(),
        })
    }
}

one_parameter! {
    /// Shows a network rule.
    DescribeNetworkRule { name: RuleName = "Name", rule_name } -> NetworkRuleAnswer
}

/// The answer of CreateNetworkRule, and of DescribeNetworkRule, which has no `Name`.
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
    /// Free text.
    pub description: String,
}

/// Changes a network rule; absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateNetworkRule {
    /// `Name`.
    pub name: RuleName,
    /// `SourcePrivateIp`.
    pub source_private_ip: Option<Vec<String>>,
    /// `Description`.
    pub description: Option<String>,
}

impl Request for UpdateNetworkRule {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[NAME, Served("SourcePrivateIp"), DESCRIPTION];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self {
            name: rule_name(parameters.required("Name")?)?,
            source_private_ip: parameters.optional_texts("SourcePrivateIp")?,
            description: description(parameters),
        })
    }
}

one_parameter! {
    /// Removes a network rule.
    DeleteNetworkRule { name: RuleName = "Name", rule_name } -> Acknowledged
}

page_request! {
    /// Lists network rules.
    ListNetworkRules, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX => ListNetworkRulesAnswer
}

page_answer! {
    /// The answer of ListNetworkRules.
    ListNetworkRulesAnswer, network_rules: NetworkRules, network_rule: NetworkRuleEntry
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::json::encode;

    #[test]
    fn a_described_rule_has_a_type_and_no_name() {
        let rule = NetworkRuleAnswer {
            r#type: "Private".into(),
            source_private_ip: "[\"a\",\"b\"]".into(),
            ..Default::default()
        };
        let expected = "{\"RequestId\":\"\",\"Arn\":\"\",\"Type\":\"Private\",\"SourcePrivateIp\":\"[\\\"a\\\",\\\"b\\\"]\",\"Description\":\"\"}";
        assert_eq!(String::from_utf8(encode(&rule).unwrap()).unwrap(), expected);
    }

    #[test]
    fn an_empty_list_is_encoded() {
        let written = String::from_utf8(encode(&ListNetworkRulesAnswer::default()).unwrap()).unwrap();
        assert!(written.contains("\"NetworkRules\":{\"NetworkRule\":[]}"), "{written}");
    }
}
