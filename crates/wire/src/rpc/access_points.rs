//! Application access points: Create, Describe, Update, List and DeleteApplicationAccessPoint (rpc-api 13.1).

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

/// Creates an application access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateApplicationAccessPoint {
    /// `Name`.
    pub name: RuleName,
    /// `Policies`: what its client keys may do.
    pub policies: Vec<RuleName>,
    /// `Description`: free text.
    pub description: String,
}

/// The only `AuthenticationMethod`.
pub const CLIENT_KEY: &str = "ClientKey";

impl Request for CreateApplicationAccessPoint {
    type Answer = AccessPointAnswer;

    const PARAMETERS: &'static [Documented] = &[NAME, Served("AuthenticationMethod"), Served("Policies"), DESCRIPTION];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let name = new_rule_name(parameters)?;
        match parameters.optional("AuthenticationMethod") {
            None | Some(CLIENT_KEY) => {}
            Some(_) => return Err(RpcError::invalid("AuthenticationMethod")),
        }
        let policies = rule_names(parameters.optional_texts("Policies")?)?;
        let policies = policies.ok_or(RpcError::MissingParameter("Policies"))?;
        Ok(Self { name, policies, description: description(parameters).unwrap_or_default() })
    }
}

one_parameter! {
    /// Shows an application access point.
    DescribeApplicationAccessPoint { name: RuleName = "Name", rule_name } -> AccessPointAnswer
}

/// The answer of CreateApplicationAccessPoint and DescribeApplicationAccessPoint.
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
    /// Free text.
    pub description: String,
}

/// Changes an application access point; absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateApplicationAccessPoint {
    /// `Name`.
    pub name: RuleName,
    /// `Policies`.
    pub policies: Option<Vec<RuleName>>,
    /// `Description`.
    pub description: Option<String>,
}

impl Request for UpdateApplicationAccessPoint {
    type Answer = Acknowledged;

    const PARAMETERS: &'static [Documented] = &[NAME, Served("Policies"), DESCRIPTION];

    fn read(parameters: &Parameters) -> Result<Self, RpcError> {
        let name = rule_name(parameters.required("Name")?)?;
        let policies = rule_names(parameters.optional_texts("Policies")?)?;
        Ok(Self { name, policies, description: description(parameters) })
    }
}

one_parameter! {
    /// Removes an application access point.
    DeleteApplicationAccessPoint { name: RuleName = "Name", rule_name } -> Acknowledged
}

page_request! {
    /// Lists application access points.
    ListApplicationAccessPoints, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX => ListAccessPointsAnswer
}

page_answer! {
    /// The answer of ListApplicationAccessPoints.
    ListAccessPointsAnswer, application_access_points: AccessPoints, application_access_point: AccessPointEntry
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
    use super::*;
    use crate::rpc::json::encode;

    #[test]
    fn an_empty_list_is_encoded() {
        let written = String::from_utf8(encode(&ListAccessPointsAnswer::default()).unwrap()).unwrap();
        assert!(written.contains("\"ApplicationAccessPoints\":{\"ApplicationAccessPoint\":[]}"), "{written}");
    }
}
