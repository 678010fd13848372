//! The application access point of a client key with its policy and network rule: how they are created and removed
//! together, and what they allow.

use claviger_client::{ClientError, RpcClient};
use claviger_model::Permission;
use claviger_wire::rpc::Action;
use claviger_wire::rpc::access_points::AccessPointAnswer;
use claviger_wire::rpc::network_rules::NetworkRuleAnswer;
use claviger_wire::rpc::policies::PolicyAnswer;
use serde_json::{Value, json};

use super::interrupt::Signals;
use crate::cli::PermissionName;
use crate::failure::Failure;

/// The permissions of a new application access point.
pub(super) struct AccessPointOptions {
    pub(super) permissions: Vec<PermissionName>,
    pub(super) resources: Vec<String>,
    pub(super) networks: Vec<String>,
}

/// An access point, and what was created for it.
pub(super) struct AccessPoint<'name> {
    rpc: RpcClient,
    name: &'name str,
    /// The actions that undo the creation, in order of creation.
    undo: Vec<Action>,
}

impl<'name> AccessPoint<'name> {
    pub(super) fn new(rpc: RpcClient, name: &'name str) -> Self {
        Self { rpc, name, undo: Vec::new() }
    }

    fn named(&self, more: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        [&[("Name", self.name.to_owned())], more].concat()
    }

    /// Creates the access point with its network rule and policy, unless the access point exists.
    pub(super) async fn make(&mut self, wanted: &AccessPointOptions) -> Result<(), Failure> {
        let name = self.name;
        let described =
            self.rpc.call::<AccessPointAnswer>(Action::DescribeApplicationAccessPoint, &self.named(&[])).await;
        let is_plain = wanted.permissions.is_empty() && wanted.resources.is_empty() && wanted.networks.is_empty();
        match described {
            Ok(_) if is_plain => return Ok(()),
            Ok(_) => {
                return Err(Failure::Argument(format!(
                    "the application access point `{name}` exists; choose another name, or omit --permission, --resource and --network to create another key for it"
                )));
            }
            Err(ClientError::Api { status: 404, .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let has_networks = !wanted.networks.is_empty();
        if has_networks {
            let rule = [("Type", "Private".to_owned()), ("SourcePrivateIp", json!(wanted.networks).to_string())];
            self.make_one(Action::CreateNetworkRule, &rule, Action::DeleteNetworkRule).await?;
        }
        let rules = if has_networks { vec![name] } else { Vec::new() };
        let permission = |name: &PermissionName| match name {
            PermissionName::KeyUser => Permission::KeyUser.name(),
            PermissionName::SecretUser => Permission::SecretUser.name(),
        };
        let permissions: Vec<_> = match wanted.permissions.as_slice() {
            [] => vec![Permission::KeyUser.name()],
            given => given.iter().map(permission).collect(),
        };
        let resources = if wanted.resources.is_empty() { json!(["key/*"]) } else { json!(wanted.resources) };
        let policy = [
            ("Permissions", json!(permissions).to_string()),
            ("Resources", resources.to_string()),
            ("AccessControlRules", json!({ "NetworkRules": rules }).to_string()),
        ];
        self.make_one(Action::CreatePolicy, &policy, Action::DeletePolicy).await?;
        let point = [("AuthenticationMethod", "ClientKey".to_owned()), ("Policies", json!([name]).to_string())];
        self.make_one(Action::CreateApplicationAccessPoint, &point, Action::DeleteApplicationAccessPoint).await
    }

    async fn make_one(
        &mut self,
        action: Action,
        parameters: &[(&'static str, String)],
        undo: Action,
    ) -> Result<(), Failure> {
        let _answer: Value = self.rpc.call(action, &self.named(parameters)).await?;
        self.undo.push(undo);
        Ok(())
    }

    /// Removes what this command created, so that it can be run again. What existed before stays.
    pub(super) async fn take_back(mut self, cause: Failure, signals: &mut Signals) -> Failure {
        while let Some(action) = self.undo.pop() {
            let named = self.named(&[]);
            let undoing = async { Ok(self.rpc.call::<Value>(action, &named).await?) };
            if signals.run_unless_received(undoing).await.is_err() {
                let name = self.name;
                return Failure::CredentialLost {
                    cause: Box::new(cause),
                    outcome: format!("what was created for the application access point `{name}` could not be removed"),
                    hint: Some("choose another name, or omit --permission, --resource and --network".to_owned()),
                };
            }
        }
        cause
    }
}

/// The policies of an access point as the API describes them; none for a key without an access point.
pub(super) async fn policies_of(rpc: &RpcClient, name: &str) -> Result<Vec<Value>, Failure> {
    let by_name = |name: &str| [("Name", name.to_owned())];
    let point = match rpc.call::<AccessPointAnswer>(Action::DescribeApplicationAccessPoint, &by_name(name)).await {
        Ok(point) => point,
        Err(ClientError::Api { status: 404, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let names: Vec<String> = serde_json::from_str(&point.policies).unwrap_or_default();
    let mut policies = Vec::new();
    for name in names {
        let policy: PolicyAnswer<Vec<String>> = rpc.call(Action::DescribePolicy, &by_name(&name)).await?;
        policies.push(json!({
            "Name": policy.name,
            "Permissions": policy.permissions,
            "Resources": policy.resources,
            "Networks": ranges_of(rpc, &policy.access_control_rules).await?,
            "AccessControlRules": policy.access_control_rules,
        }));
    }
    Ok(policies)
}

/// The entries of one field of all policies, in order.
pub(super) fn of_policies(policies: &[Value], field: &str) -> Vec<String> {
    let lists = policies.iter().filter_map(|policy| policy.get(field)?.as_array());
    lists.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The allowed sources. A policy without rules allows all of them.
pub(super) fn networks_of(policies: &[Value]) -> Vec<String> {
    let of_policy = |policy: &Value| match of_policies(std::slice::from_ref(policy), "Networks") {
        none if none.is_empty() => vec!["everywhere".to_owned()],
        ranges => ranges,
    };
    policies.iter().flat_map(of_policy).collect()
}

/// The source ranges of the rules that a policy refers to.
async fn ranges_of(rpc: &RpcClient, access_control_rules: &str) -> Result<Vec<String>, Failure> {
    let rules: Value = serde_json::from_str(access_control_rules).unwrap_or_default();
    let mut ranges = Vec::new();
    for name in rules.pointer("/NetworkRules").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    {
        let rule: NetworkRuleAnswer = rpc.call(Action::DescribeNetworkRule, &[("Name", name.to_owned())]).await?;
        ranges.extend(serde_json::from_str::<Vec<String>>(&rule.source_private_ip).unwrap_or_default());
    }
    Ok(ranges)
}
