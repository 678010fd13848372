//! The actions on policies (rpc-api 13.1).

use claviger_model::{Permission, Policy};
use claviger_wire::rpc::RpcError;
use claviger_wire::rpc::json::{Acknowledged, list_as_text};
use claviger_wire::rpc::policies::{
    CreatePolicy, DeletePolicy, DescribePolicy, ListPolicies, ListPoliciesAnswer, Policies, PolicyAnswer, PolicyEntry,
    UpdatePolicy,
};

use super::call::{Call, page_request, total};
use super::errors::Result;

pub(super) fn create(call: &Call<'_>, request: CreatePolicy) -> Result<PolicyAnswer<String>> {
    let instance = &call.service.instance().id;
    let kms_instance = request.kms_instance.unwrap_or_else(|| instance.to_string());
    // A policy for another instance, or for the shared gateway, would have no effect here.
    if kms_instance != instance.as_str() {
        return Err(RpcError::InstanceNotFound.into());
    }
    let policy = Policy {
        name: request.name,
        kms_instance,
        permissions: permissions(&request.permissions)?,
        resources: request.resources,
        network_rules: request.access_control_rules.network_rules,
        access_control_rules: request.access_control_rules.text,
        description: request.description,
    };
    let policy = call.service.create_policy(policy, &call.intent)?;
    let (permissions, resources) = (list_as_text(&permission_names(&policy))?, list_as_text(&policy.resources)?);
    Ok(answer_about(call, policy, permissions, resources).into())
}

pub(super) fn describe(call: &Call<'_>, request: DescribePolicy) -> Result<PolicyAnswer<Vec<String>>> {
    let policy = call.service.describe_policy(&request.name)?;
    let (permissions, resources) = (permission_names(&policy), policy.resources.clone());
    Ok(answer_about(call, policy, permissions, resources).into())
}

pub(super) fn update(call: &Call<'_>, request: UpdatePolicy) -> Result<Acknowledged> {
    let UpdatePolicy { name, permissions: names, resources, access_control_rules, description } = request;
    let permissions = names.map(|names| permissions(&names)).transpose()?;
    let edit = |policy: &mut Policy| {
        policy.permissions = permissions.clone().unwrap_or_else(|| policy.permissions.clone());
        policy.resources = resources.clone().unwrap_or_else(|| policy.resources.clone());
        if let Some(rules) = &access_control_rules {
            policy.network_rules.clone_from(&rules.network_rules);
            policy.access_control_rules.clone_from(&rules.text);
        }
        policy.description = description.clone().unwrap_or_else(|| policy.description.clone());
    };
    call.service.update_policy(&name, edit, &call.intent)?;
    Ok(call.acknowledged().into())
}

pub(super) fn list(call: &Call<'_>, request: ListPolicies) -> Result<ListPoliciesAnswer> {
    let listing = call.service.list_policies(page_request(request.page))?;
    let entry = |policy: &Policy| PolicyEntry { name: policy.name.to_string() };
    let answer = ListPoliciesAnswer {
        request_id: call.request_id.clone(),
        policies: Policies { policy: listing.records.iter().map(entry).collect() },
        page_number: request.page.number,
        page_size: request.page.size,
        total_count: total(listing.total),
    };
    Ok(answer.into())
}

pub(super) fn delete(call: &Call<'_>, request: DeletePolicy) -> Result<Acknowledged> {
    call.service.delete_policy(&request.name, &call.intent)?;
    Ok(call.acknowledged().into())
}

fn answer_about<T>(call: &Call<'_>, policy: Policy, permissions: T, resources: T) -> PolicyAnswer<T> {
    PolicyAnswer {
        request_id: call.request_id.clone(),
        arn: call.arn("policy/", policy.name.as_str()),
        name: policy.name.to_string(),
        kms_instance: policy.kms_instance,
        permissions,
        resources,
        access_control_rules: policy.access_control_rules,
        description: policy.description,
    }
}

fn permissions(names: &[String]) -> std::result::Result<Vec<Permission>, RpcError> {
    let parsed = names.iter().map(|name| Permission::parse(name)).collect::<Option<Vec<_>>>();
    parsed.ok_or_else(|| RpcError::invalid("Permissions"))
}

fn permission_names(policy: &Policy) -> Vec<String> {
    policy.permissions.iter().map(|permission| permission.name().to_owned()).collect()
}
