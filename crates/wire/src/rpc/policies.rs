//! Policies of application access points: Create, Describe, Update, List and DeletePolicy (rpc-api 13.1).
//!
//! The API returns the same fields as JSON text from CreatePolicy and as lists from DescribePolicy.

use claviger_base::id::RuleName;
use serde::{Deserialize, Serialize};

use super::error::RpcError;
use super::json::Acknowledged;
use super::page::{PAGE_SIZE_MAX, page_answer, page_request};
use super::parameters::Parameters;
use super::request::Documented::{self, Served};
use super::request::{DESCRIPTION, NAME, Request, description, new_rule_name, one_parameter, rule_name, rule_names};

/// Default page size.
const PAGE_SIZE_DEFAULT: u32 = 20;

/// Creates a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePolicy {
    /// `Name`.
    pub name: RuleName,
    /// `KmsInstance`: the instance that the policy applies to; by default this one.
    pub kms_instance: Option<String>,
    /// `Permissions`: the permitted operations.
    pub permissions: Vec<String>,
    /// `Resources`: the keys and secrets that the policy covers.
    pub resources: Vec<String>,
    /// `AccessControlRules`: the network rules; by default every address is permitted.
    pub access_control_rules: AccessControlRules,
    /// `Description`: free text.
    pub description: String,
}

impl Request for CreatePolicy {
    type Answer = PolicyAnswer<String>;

    const PARAMETERS: &'static [Documented] = &[
        NAME,
        Served("KmsInstance"),
        Served("Permissions"),
        Served("Resources"),
        Served("AccessControlRules"),
        DESCRIPTION,
    ];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let required = |name| parameters.optional_texts(name)?.ok_or(RpcError::MissingParameter(name));
        Ok(Self {
            name: new_rule_name(parameters)?,
            kms_instance: parameters.optional("KmsInstance").map(str::to_owned),
            permissions: required("Permissions")?,
            resources: required("Resources")?,
            access_control_rules: AccessControlRules::read(parameters)?.unwrap_or_default(),
            description: description(parameters).unwrap_or_default(),
        })
    }
}

one_parameter! {
    /// Shows a policy.
    DescribePolicy { name: RuleName = "Name", rule_name } -> PolicyAnswer<Vec<String>>
}

/// The answer of CreatePolicy (`T` is text) and DescribePolicy (`T` is a list).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyAnswer<T> {
    /// Lower-case UUID.
    pub request_id: String,
    /// `...policy/<name>`.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The instance that the policy applies to.
    pub kms_instance: String,
    /// The permitted operations.
    pub permissions: T,
    /// The keys and secrets that the policy covers.
    pub resources: T,
    /// A JSON object as text, byte for byte as it was sent.
    pub access_control_rules: String,
    /// Free text.
    pub description: String,
}

/// Changes a policy; absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatePolicy {
    /// `Name`.
    pub name: RuleName,
    /// `Permissions`.
    pub permissions: Option<Vec<String>>,
    /// `Resources`.
    pub resources: Option<Vec<String>>,
    /// `AccessControlRules`.
    pub access_control_rules: Option<AccessControlRules>,
    /// `Description`.
    pub description: Option<String>,
}

impl Request for UpdatePolicy {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] =
        &[NAME, Served("Permissions"), Served("Resources"), Served("AccessControlRules"), DESCRIPTION];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        Ok(Self {
            name: rule_name(parameters.required("Name")?)?,
            permissions: parameters.optional_texts("Permissions")?,
            resources: parameters.optional_texts("Resources")?,
            access_control_rules: AccessControlRules::read(parameters)?,
            description: description(parameters),
        })
    }
}

one_parameter! {
    /// Removes a policy.
    DeletePolicy { name: RuleName = "Name", rule_name } -> Acknowledged
}

page_request! {
    /// Lists policies.
    ListPolicies, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX => ListPoliciesAnswer
}

page_answer! {
    /// The answer of ListPolicies.
    ListPoliciesAnswer, policies: Policies, policy: PolicyEntry
}

/// A policy in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyEntry {
    /// Its name.
    pub name: String,
}

/// `AccessControlRules`: the network rules of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessControlRules {
    /// The text as it was sent, which DescribePolicy returns.
    pub text: String,
    /// The network rules in it.
    pub network_rules: Vec<RuleName>,
}

/// The JSON of [`AccessControlRules`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RulesText {
    #[serde(default)]
    network_rules: Vec<String>,
}

impl AccessControlRules {
    /// Parses `AccessControlRules`, if present; an empty text or object contains no rule (rpc-api 13.2). An unknown field
    /// is refused, because it could be a restriction.
    fn read(parameters: &Parameters) -> Result<Option<Self>, RpcError> {
        const NAME: &str = "AccessControlRules";
        let Some(text) = parameters.value(NAME) else { return Ok(None) };
        if text.is_empty() {
            return Ok(Some(Self::default()));
        }
        let rules: RulesText = serde_json::from_str(text).map_err(|_malformed| RpcError::invalid(NAME))?;
        let network_rules = rule_names(Some(rules.network_rules))?.unwrap_or_default();
        Ok(Some(Self { text: text.to_owned(), network_rules }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::form;
    use crate::rpc::json::encode;

    fn rules(text: &str) -> Result<Option<AccessControlRules>, RpcError> {
        let encoded = form::encode([("AccessControlRules", text)]);
        AccessControlRules::read(&Parameters::decode(&encoded, b"").unwrap())
    }

    #[test]
    fn unknown_access_control_rules_are_refused() {
        assert_eq!(AccessControlRules::read(&Parameters::default()), Ok(None));
        assert_eq!(rules(""), Ok(Some(AccessControlRules::default())));
        let text = "{\"NetworkRules\":[\"office\"]}";
        let office = vec![RuleName::parse("office").unwrap()];
        assert_eq!(rules(text), Ok(Some(AccessControlRules { text: text.to_owned(), network_rules: office })));
        for text in ["x", "{\"NetworkRules\":\"office\"}", "{\"NetworkRules\":[],\"Other\":1}"] {
            assert_eq!(rules(text), Err(RpcError::invalid("AccessControlRules")), "{text}");
        }
        assert_eq!(rules("{\"NetworkRules\":[\"no name\"]}"), Err(RpcError::ResourceNotFound));
    }

    #[test]
    fn an_empty_list_is_encoded() {
        let written = String::from_utf8(encode(&ListPoliciesAnswer::default()).unwrap()).unwrap();
        assert!(written.contains("\"Policies\":{\"Policy\":[]}"), "{written}");
    }
}
