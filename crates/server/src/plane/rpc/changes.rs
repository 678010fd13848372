//! Test: every action that changes something leaves one entry in the audit outbox; no other action leaves one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use claviger_base::id::{AccessKeyId, RequestId};
use claviger_model::Permission;
use claviger_service::Service;
use claviger_store::MemoryEngine;
use claviger_vault::OutboxEntry;
use claviger_wire::rpc::{Action, Parameters};

use super::authenticated::{AuthenticatedRequest, Origin};
use crate::fixture::Instance;
use crate::request_log::audit_fields::AuditFields;

/// Whether the action only reads.
fn is_reading(action: Action) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| action.name().starts_with(verb))
}

/// Performs the action, which must succeed, and returns its outbox entry.
async fn perform(service: &Arc<Service>, action: Action, query: &str) -> Option<OutboxEntry> {
    let parameters = Parameters::decode(query, &[]).unwrap();
    let (request_id, caller) = (RequestId::generate().unwrap(), AccessKeyId::generate().unwrap());
    let origin = Origin { request_id: request_id.clone(), peer: ([192, 0, 2, 1], 443).into(), started: Instant::now() };
    let mut fields = AuditFields::verified(action.name(), caller.as_str());
    let request = AuthenticatedRequest { action, caller: caller.clone(), parameters, origin };
    request.perform(service, &mut fields).await.unwrap_or_else(|error| panic!("{} {query}: {error:?}", action.name()));
    let entry = service.take_committed(&request_id);
    if let Some(entry) = &entry {
        let source = entry.source.map(|source| source.to_string());
        let recorded = (entry.operation.as_str(), entry.principal.as_str(), source.as_deref());
        assert_eq!(recorded, (action.name(), caller.as_str(), Some("192.0.2.1:443")));
    }
    entry
}

#[tokio::test]
async fn exactly_the_actions_that_change_something_leave_an_entry() {
    let service = Instance::with_engine(Arc::new(MemoryEngine::default())).service();
    let key = perform(&service, Action::CreateKey, "").await.unwrap().key_id.unwrap();
    let version = perform(&service, Action::CreateKeyVersion, &format!("KeyId={key}")).await.unwrap();
    let version = version.key_version_id.unwrap();
    let permission = Permission::KeyUser.name();
    let policy = format!("Name=p&Permissions=[%22{permission}%22]&Resources=[%22key/*%22]");
    let cases = [
        (Action::CreateAlias, format!("KeyId={key}&AliasName=alias/one")),
        (Action::DescribeKey, "KeyId=alias/one".to_owned()),
        (Action::ListKeys, String::new()),
        (Action::ListAliases, String::new()),
        (Action::ListKeyVersions, format!("KeyId={key}")),
        (Action::DescribeKeyVersion, format!("KeyId={key}&KeyVersionId={version}")),
        (Action::DisableKey, "KeyId=alias/one".to_owned()),
        (Action::EnableKey, format!("KeyId={key}")),
        (Action::UpdateKeyDescription, format!("KeyId={key}&Description=x")),
        (Action::UpdateRotationPolicy, format!("KeyId={key}&EnableAutomaticRotation=true&RotationInterval=7d")),
        (Action::ScheduleKeyDeletion, format!("KeyId={key}&PendingWindowInDays=7")),
        (Action::CancelKeyDeletion, format!("KeyId={key}")),
        (Action::DeleteAlias, "AliasName=alias/one".to_owned()),
        (Action::CreateNetworkRule, "Name=r&Type=Private&SourcePrivateIp=[%2210.0.0.0/8%22]".to_owned()),
        (Action::DescribeNetworkRule, "Name=r".to_owned()),
        (Action::UpdateNetworkRule, "Name=r&Description=x".to_owned()),
        (Action::ListNetworkRules, String::new()),
        (Action::CreatePolicy, policy),
        (Action::DescribePolicy, "Name=p".to_owned()),
        (Action::UpdatePolicy, "Name=p&Description=x".to_owned()),
        (Action::ListPolicies, String::new()),
        (Action::CreateApplicationAccessPoint, "Name=a&Policies=[%22p%22]".to_owned()),
        (Action::DescribeApplicationAccessPoint, "Name=a".to_owned()),
        (Action::UpdateApplicationAccessPoint, "Name=a&Description=x".to_owned()),
        (Action::ListApplicationAccessPoints, String::new()),
        (Action::ListClientKeys, String::new()),
    ];
    let mut tried: BTreeSet<&str> = [Action::CreateKey.name(), Action::CreateKeyVersion.name()].into();
    for (action, query) in cases {
        let entry = perform(&service, action, &query).await;
        assert_eq!(entry.is_none(), is_reading(action), "{} {query}", action.name());
        tried.insert(action.name());
    }
    let made = perform(&service, Action::CreateClientKey, "AapName=a&Password=Abcdef1234567890").await.unwrap();
    let client_key = format!("ClientKeyId={}", made.key_id.unwrap());
    let last = [
        (Action::GetClientKey, client_key.as_str()),
        (Action::DeleteClientKey, client_key.as_str()),
        (Action::DeleteApplicationAccessPoint, "Name=a"),
        (Action::DeletePolicy, "Name=p"),
        (Action::DeleteNetworkRule, "Name=r"),
    ];
    for (action, query) in last {
        let entry = perform(&service, action, query).await;
        assert_eq!(entry.is_none(), is_reading(action), "{} {query}", action.name());
        tried.insert(action.name());
    }
    let access_key = perform(&service, Action::CreateAccessKey, "").await.unwrap().key_id.unwrap();
    let access_keys = [
        (Action::ListAccessKeys, String::new()),
        (Action::UpdateAccessKey, format!("UserAccessKeyId={access_key}&Status=Inactive")),
        (Action::DeleteAccessKey, format!("UserAccessKeyId={access_key}")),
    ];
    for (action, query) in access_keys {
        let entry = perform(&service, action, &query).await;
        assert_eq!(entry.is_none(), is_reading(action), "{} {query}", action.name());
        tried.insert(action.name());
    }
    tried.extend([Action::CreateClientKey.name(), Action::CreateAccessKey.name()]);
    let all: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
    assert_eq!(tried, all, "a new action belongs in this test");
}
