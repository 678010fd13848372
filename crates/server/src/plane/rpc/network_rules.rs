//! The actions on network rules (rpc-api 13.1).

use claviger_model::NetworkRule;
use claviger_wire::rpc::RpcError;
use claviger_wire::rpc::json::{Acknowledged, list_as_text};
use claviger_wire::rpc::network_rules::{
    CreateNetworkRule, DeleteNetworkRule, DescribeNetworkRule, ListNetworkRules, ListNetworkRulesAnswer,
    NetworkRuleAnswer, NetworkRuleEntry, NetworkRules, PRIVATE, UpdateNetworkRule,
};

use super::call::{Call, page_request, total};
use super::errors::Result;

pub(super) fn create(call: &Call<'_>, request: CreateNetworkRule) -> Result<NetworkRuleAnswer> {
    let CreateNetworkRule { name, source_private_ip, description } = request;
    let rule = NetworkRule { name, source_private_ip, description };
    let rule = call.service.create_network_rule(rule, &call.intent)?;
    let name = Some(rule.name.to_string());
    Ok(NetworkRuleAnswer { name, ..described(call, rule)? }.into())
}

pub(super) fn describe(call: &Call<'_>, request: DescribeNetworkRule) -> Result<NetworkRuleAnswer> {
    let rule = call.service.describe_network_rule(&request.name)?;
    Ok(described(call, rule)?.into())
}

pub(super) fn update(call: &Call<'_>, request: UpdateNetworkRule) -> Result<Acknowledged> {
    let UpdateNetworkRule { name, source_private_ip, description } = request;
    let edit = |rule: &mut NetworkRule| {
        rule.source_private_ip = source_private_ip.clone().unwrap_or_else(|| rule.source_private_ip.clone());
        rule.description = description.clone().unwrap_or_else(|| rule.description.clone());
    };
    call.service.update_network_rule(&name, edit, &call.intent)?;
    Ok(call.acknowledged().into())
}

pub(super) fn list(call: &Call<'_>, request: ListNetworkRules) -> Result<ListNetworkRulesAnswer> {
    let listing = call.service.list_network_rules(page_request(request.page))?;
    let entry = |rule: &NetworkRule| NetworkRuleEntry { name: rule.name.to_string(), r#type: PRIVATE.to_owned() };
    let answer = ListNetworkRulesAnswer {
        request_id: call.request_id.clone(),
        network_rules: NetworkRules { network_rule: listing.records.iter().map(entry).collect() },
        page_number: request.page.number,
        page_size: request.page.size,
        total_count: total(listing.total),
    };
    Ok(answer.into())
}

pub(super) fn delete(call: &Call<'_>, request: DeleteNetworkRule) -> Result<Acknowledged> {
    call.service.delete_network_rule(&request.name, &call.intent)?;
    Ok(call.acknowledged().into())
}

fn described(call: &Call<'_>, rule: NetworkRule) -> std::result::Result<NetworkRuleAnswer, RpcError> {
    Ok(NetworkRuleAnswer {
        request_id: call.request_id.clone(),
        arn: call.arn("network/", rule.name.as_str()),
        name: None,
        r#type: PRIVATE.to_owned(),
        source_private_ip: list_as_text(&rule.source_private_ip)?,
        description: rule.description,
    })
}
