//! The actions on application access points, policies and network rules (rpc-api 13.1): parameters in, operation,
//! answer out.

use claviger_base::id::RuleName;
use claviger_model::{AccessPoint, NetworkRule, Permission, Policy};
use claviger_wire::rpc::answer::access::{
    AccessPointAnswer, AccessPointEntry, AccessPoints, ListAccessPointsAnswer, ListNetworkRulesAnswer,
    ListPoliciesAnswer, NetworkRuleAnswer, NetworkRuleEntry, NetworkRules, Policies, PolicyAnswer, PolicyEntry,
};
use claviger_wire::rpc::answer::encode;
use claviger_wire::rpc::error::RpcError;
use claviger_wire::rpc::parameter::{network_rule_names, texts};

use super::actions::{Answered, PAGE_SIZE_MAX, total};
use super::{Call, rpc_error};

/// The one `Type` of a network rule.
const PRIVATE: &str = "Private";
/// The one `AuthenticationMethod`.
const CLIENT_KEY: &str = "ClientKey";
/// Entries on a page unless asked otherwise.
const PAGE_SIZE: u32 = 20;

impl Call<'_> {
    pub(super) fn create_network_rule(&mut self) -> Answered {
        let name = self.new_rule_name()?;
        match self.parameters.required("Type")? {
            PRIVATE => {}
            _ => return Err(RpcError::invalid("Type")),
        }
        let rule = NetworkRule {
            name,
            source_private_ip: texts(&self.parameters, "SourcePrivateIp")?.unwrap_or_default(),
            description: self.description().unwrap_or_default(),
        };
        let rule = self.service.create_network_rule(rule, &self.intent()).map_err(|error| rpc_error(&error))?;
        let name = Some(rule.name.to_string());
        encode(&NetworkRuleAnswer { name, ..self.network_rule(&rule)? })
    }

    pub(super) fn describe_network_rule(&mut self) -> Answered {
        let name = self.rule_name()?;
        let rule = self.service.describe_network_rule(&name).map_err(|error| rpc_error(&error))?;
        encode(&self.network_rule(&rule)?)
    }

    pub(super) fn update_network_rule(&mut self) -> Answered {
        let name = self.rule_name()?;
        let (ranges, description) = (texts(&self.parameters, "SourcePrivateIp")?, self.description());
        let edit = |rule: &mut NetworkRule| {
            rule.source_private_ip = ranges.clone().unwrap_or_else(|| rule.source_private_ip.clone());
            rule.description = description.clone().unwrap_or_else(|| rule.description.clone());
        };
        self.service.update_network_rule(&name, edit, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    pub(super) fn list_network_rules(&mut self) -> Answered {
        let (page, page_number, page_size) = self.page(PAGE_SIZE, PAGE_SIZE_MAX)?;
        let listing = self.service.list_network_rules(page).map_err(|error| rpc_error(&error))?;
        let entry = |rule: &NetworkRule| NetworkRuleEntry { name: rule.name.to_string(), r#type: PRIVATE.to_owned() };
        encode(&ListNetworkRulesAnswer {
            request_id: self.request_id.clone(),
            network_rules: NetworkRules { network_rule: listing.records.iter().map(entry).collect() },
            page_number,
            page_size,
            total_count: total(listing.total),
        })
    }

    pub(super) fn delete_network_rule(&mut self) -> Answered {
        let name = self.rule_name()?;
        self.service.delete_network_rule(&name, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    pub(super) fn create_policy(&mut self) -> Answered {
        let name = self.new_rule_name()?;
        let instance = self.service.instance().id.to_string();
        let kms_instance = self.parameters.optional("KmsInstance").unwrap_or(&instance).to_owned();
        // A policy of another instance, or of the shared gateway, would grant nothing here.
        if kms_instance != instance {
            return Err(RpcError::InstanceNotFound);
        }
        let rules = self.parameters.value("AccessControlRules").unwrap_or_default().to_owned();
        let policy = Policy {
            name,
            kms_instance,
            permissions: self.permissions()?.ok_or(RpcError::MissingParameter("Permissions"))?,
            resources: texts(&self.parameters, "Resources")?.ok_or(RpcError::MissingParameter("Resources"))?,
            network_rules: self.network_rule_names()?.unwrap_or_default(),
            access_control_rules: rules,
            description: self.description().unwrap_or_default(),
        };
        let policy = self.service.create_policy(policy, &self.intent()).map_err(|error| rpc_error(&error))?;
        encode(&PolicyAnswer {
            permissions: as_text(&permission_names(&policy))?,
            resources: as_text(&policy.resources)?,
            ..self.policy(&policy, String::new())
        })
    }

    pub(super) fn describe_policy(&mut self) -> Answered {
        let name = self.rule_name()?;
        let policy = self.service.describe_policy(&name).map_err(|error| rpc_error(&error))?;
        encode(&PolicyAnswer {
            permissions: permission_names(&policy),
            resources: policy.resources.clone(),
            ..self.policy(&policy, Vec::new())
        })
    }

    pub(super) fn update_policy(&mut self) -> Answered {
        let name = self.rule_name()?;
        let (permissions, resources) = (self.permissions()?, texts(&self.parameters, "Resources")?);
        let rules = self.network_rule_names()?;
        let rules_text = self.parameters.value("AccessControlRules").unwrap_or_default().to_owned();
        let description = self.description();
        let edit = |policy: &mut Policy| {
            policy.permissions = permissions.clone().unwrap_or_else(|| policy.permissions.clone());
            policy.resources = resources.clone().unwrap_or_else(|| policy.resources.clone());
            if let Some(rules) = &rules {
                policy.network_rules.clone_from(rules);
                policy.access_control_rules.clone_from(&rules_text);
            }
            policy.description = description.clone().unwrap_or_else(|| policy.description.clone());
        };
        self.service.update_policy(&name, edit, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    pub(super) fn list_policies(&mut self) -> Answered {
        let (page, page_number, page_size) = self.page(PAGE_SIZE, PAGE_SIZE_MAX)?;
        let listing = self.service.list_policies(page).map_err(|error| rpc_error(&error))?;
        let entry = |policy: &Policy| PolicyEntry { name: policy.name.to_string() };
        encode(&ListPoliciesAnswer {
            request_id: self.request_id.clone(),
            policies: Policies { policy: listing.records.iter().map(entry).collect() },
            page_number,
            page_size,
            total_count: total(listing.total),
        })
    }

    pub(super) fn delete_policy(&mut self) -> Answered {
        let name = self.rule_name()?;
        self.service.delete_policy(&name, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    pub(super) fn create_access_point(&mut self) -> Answered {
        let name = self.new_rule_name()?;
        match self.parameters.optional("AuthenticationMethod") {
            None | Some(CLIENT_KEY) => {}
            Some(_) => return Err(RpcError::invalid("AuthenticationMethod")),
        }
        let policies = self.policy_names()?.ok_or(RpcError::MissingParameter("Policies"))?;
        let point = AccessPoint { name, policies, description: self.description().unwrap_or_default() };
        let point = self.service.create_access_point(point, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.access_point(&point)
    }

    pub(super) fn describe_access_point(&mut self) -> Answered {
        let name = self.rule_name()?;
        let point = self.service.describe_access_point(&name).map_err(|error| rpc_error(&error))?;
        self.access_point(&point)
    }

    pub(super) fn update_access_point(&mut self) -> Answered {
        let name = self.rule_name()?;
        let (policies, description) = (self.policy_names()?, self.description());
        let edit = |point: &mut AccessPoint| {
            point.policies = policies.clone().unwrap_or_else(|| point.policies.clone());
            point.description = description.clone().unwrap_or_else(|| point.description.clone());
        };
        self.service.update_access_point(&name, edit, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    pub(super) fn list_access_points(&mut self) -> Answered {
        let (page, page_number, page_size) = self.page(PAGE_SIZE, PAGE_SIZE_MAX)?;
        let listing = self.service.list_access_points(page).map_err(|error| rpc_error(&error))?;
        let entry = |point: &AccessPoint| AccessPointEntry {
            name: point.name.to_string(),
            authentication_method: CLIENT_KEY.to_owned(),
        };
        encode(&ListAccessPointsAnswer {
            request_id: self.request_id.clone(),
            application_access_points: AccessPoints {
                application_access_point: listing.records.iter().map(entry).collect(),
            },
            page_number,
            page_size,
            total_count: total(listing.total),
        })
    }

    pub(super) fn delete_access_point(&mut self) -> Answered {
        let name = self.rule_name()?;
        self.service.delete_access_point(&name, &self.intent()).map_err(|error| rpc_error(&error))?;
        self.acknowledge()
    }

    fn network_rule(&self, rule: &NetworkRule) -> Result<NetworkRuleAnswer, RpcError> {
        Ok(NetworkRuleAnswer {
            request_id: self.request_id.clone(),
            arn: self.arn("network/", rule.name.as_str()),
            name: None,
            r#type: PRIVATE.to_owned(),
            source_private_ip: as_text(&rule.source_private_ip)?,
            description: rule.description.clone(),
        })
    }

    fn policy<T: Clone>(&self, policy: &Policy, empty: T) -> PolicyAnswer<T> {
        PolicyAnswer {
            request_id: self.request_id.clone(),
            arn: self.arn("policy/", policy.name.as_str()),
            name: policy.name.to_string(),
            kms_instance: policy.kms_instance.clone(),
            permissions: empty.clone(),
            resources: empty,
            access_control_rules: policy.access_control_rules.clone(),
            description: policy.description.clone(),
        }
    }

    fn access_point(&self, point: &AccessPoint) -> Answered {
        let names: Vec<String> = point.policies.iter().map(ToString::to_string).collect();
        encode(&AccessPointAnswer {
            request_id: self.request_id.clone(),
            arn: self.arn("applicationaccesspoint/", point.name.as_str()),
            name: point.name.to_string(),
            authentication_method: CLIENT_KEY.to_owned(),
            policies: as_text(&names)?,
            description: point.description.clone(),
        })
    }

    /// `Name` of something that shall be made.
    fn new_rule_name(&mut self) -> Result<RuleName, RpcError> {
        let name = self.parameters.required("Name")?;
        self.facts.name_other(name);
        RuleName::parse(name).ok_or_else(|| RpcError::invalid("Name"))
    }

    /// `Name` of something that should be there.
    fn rule_name(&mut self) -> Result<RuleName, RpcError> {
        let name = self.parameters.required("Name")?;
        self.facts.name_other(name);
        RuleName::parse(name).ok_or(RpcError::ResourceNotFound)
    }

    fn description(&self) -> Option<String> {
        self.parameters.value("Description").map(str::to_owned)
    }

    fn permissions(&self) -> Result<Option<Vec<Permission>>, RpcError> {
        let Some(names) = texts(&self.parameters, "Permissions")? else { return Ok(None) };
        let parsed = names.iter().map(|name| Permission::parse(name)).collect::<Option<Vec<_>>>();
        parsed.map(Some).ok_or_else(|| RpcError::invalid("Permissions"))
    }

    fn policy_names(&self) -> Result<Option<Vec<RuleName>>, RpcError> {
        let Some(names) = texts(&self.parameters, "Policies")? else { return Ok(None) };
        let parsed = names.iter().map(|name| RuleName::parse(name)).collect::<Option<Vec<_>>>();
        parsed.map(Some).ok_or(RpcError::ResourceNotFound)
    }

    fn network_rule_names(&self) -> Result<Option<Vec<RuleName>>, RpcError> {
        let Some(names) = network_rule_names(&self.parameters)? else { return Ok(None) };
        let parsed = names.iter().map(|name| RuleName::parse(name)).collect::<Option<Vec<_>>>();
        parsed.map(Some).ok_or(RpcError::ResourceNotFound)
    }
}

fn permission_names(policy: &Policy) -> Vec<String> {
    policy.permissions.iter().map(|permission| permission.name().to_owned()).collect()
}

/// A compact JSON array as text.
fn as_text(words: &[String]) -> Result<String, RpcError> {
    serde_json::to_string(words).map_err(|_impossible| RpcError::InternalFailure)
}
