//! Test: the audit records of control plane actions contain the key, even if it was named by an alias or the action was
//! refused, and caller and operation, even if the action panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use claviger_base::id::{AccessKeyId, KeyId, RequestId};
use claviger_model::KeySpec;
use claviger_service::{Caller, CreateKey, Service};
use claviger_store::{Batch, Commit, Engine, Entry, MemoryEngine, Revision, StoreError, VersionedValue, Watch};
use claviger_wire::rpc::{Action, Parameters, RpcError};

use super::super::context::principal;
use super::authenticated::{AuthenticatedRequest, Origin};
use crate::fixture::{Instance, intent};
use crate::request_log::audit_fields::{AuditFields, Principal};

/// A store whose reads panic while `panics` is set.
#[derive(Debug, Default)]
struct PanickingEngine {
    engine: MemoryEngine,
    panics: AtomicBool,
}

impl Engine for PanickingEngine {
    fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError> {
        assert!(!self.panics.load(Ordering::SeqCst), "simulated fault");
        self.engine.get(key)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.engine.scan(prefix, after, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.engine.commit(batch)
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        self.engine.watch(prefix, from)
    }
}

fn service() -> (Arc<Service>, Arc<PanickingEngine>) {
    let engine = Arc::new(PanickingEngine::default());
    (Instance::with_engine(Arc::clone(&engine) as _).service(), engine)
}

fn request(action: Action, caller: &AccessKeyId, query: &str) -> AuthenticatedRequest {
    let parameters = Parameters::decode(query, &[]).unwrap();
    let request_id = RequestId::generate().unwrap();
    let origin = Origin { request_id, peer: ([127, 0, 0, 1], 7).into(), started: Instant::now() };
    AuthenticatedRequest { action, caller: caller.clone(), parameters, origin }
}

/// The fields of the record after the action, and whether it succeeded.
async fn fields_of(service: &Arc<Service>, action: Action, query: &str) -> (AuditFields, bool) {
    let request = request(action, &AccessKeyId::generate().unwrap(), query);
    let mut fields = AuditFields::default();
    let served = request.perform(service, &mut fields).await.is_ok();
    (fields, served)
}

#[tokio::test]
async fn the_record_has_the_key_id_of_an_alias_even_if_the_call_fails() {
    let (service, _engine) = service();
    let (spec, description, creator) = (KeySpec::AliyunAes256, String::new(), String::new());
    let request = CreateKey { spec, usage: None, description, rotation_interval: None, creator };
    let key = service.create_key(request, &intent()).unwrap().id;
    let none = "key-none";
    let cases = [
        (Action::CreateAlias, format!("KeyId={key}&AliasName=alias/one"), true, Some(key.as_str()), Some("alias/one")),
        (Action::DescribeKey, format!("KeyId={key}"), true, Some(key.as_str()), None),
        (Action::DescribeKey, "KeyId=alias/one".to_owned(), true, Some(key.as_str()), Some("alias/one")),
        (
            Action::CreateAlias,
            "KeyId=alias/one&AliasName=alias/one".to_owned(),
            false,
            Some(key.as_str()),
            Some("alias/one"),
        ),
        (
            Action::ScheduleKeyDeletion,
            "KeyId=alias/one&PendingWindowInDays=1".to_owned(),
            false,
            Some(key.as_str()),
            Some("alias/one"),
        ),
        (Action::DescribeKey, "KeyId=alias/two".to_owned(), false, Some("alias/two"), None),
        (Action::DescribeKey, format!("KeyId={none}"), false, Some(none), None),
        (Action::DeleteAlias, "AliasName=alias/one".to_owned(), true, Some(key.as_str()), Some("alias/one")),
        (Action::DeleteAlias, "AliasName=alias/one".to_owned(), false, None, Some("alias/one")),
    ];
    for (action, query, is_served, key_id, named) in cases {
        let (fields, served) = fields_of(&service, action, &query).await;
        assert_eq!(served, is_served, "{} {query}", action.name());
        assert_eq!((fields.subject(), fields.named()), (key_id, named), "{} {query}", action.name());
    }
}

#[tokio::test]
async fn the_record_of_a_client_key_has_its_access_point() {
    let (service, _engine) = service();
    let query = |point: &str, password: &str| format!("AapName={point}&Password={password}");
    let (good, weak) = ("Abcdef1234567890", "weak");
    let (fields, served) = fields_of(&service, Action::CreateClientKey, &query("first", good)).await;
    let issued = fields.subject().unwrap().to_owned();
    assert!(served && issued.starts_with("KAAP."), "{issued}");
    assert_eq!(fields.named(), Some("first"));
    for (point, password) in [("first", weak), ("nobody", good)] {
        let (fields, served) = fields_of(&service, Action::CreateClientKey, &query(point, password)).await;
        assert!(!served, "{point}");
        assert_eq!((fields.subject(), fields.named()), (None, Some(point)));
    }
    let revoking = format!("ClientKeyId={issued}");
    let (fields, served) = fields_of(&service, Action::DeleteClientKey, &revoking).await;
    assert!(served);
    assert_eq!((fields.subject(), fields.named()), (Some(issued.as_str()), Some("first")));
}

#[tokio::test]
async fn the_name_of_a_rule_is_not_resolved_as_an_alias() {
    let (service, _engine) = service();
    let (spec, description, creator) = (KeySpec::AliyunAes256, String::new(), String::new());
    let request = CreateKey { spec, usage: None, description, rotation_interval: None, creator };
    let key = service.create_key(request, &intent()).unwrap().id;
    fields_of(&service, Action::CreateAlias, &format!("KeyId={key}&AliasName=alias/one")).await;
    for action in [Action::CreateNetworkRule, Action::DeletePolicy] {
        let (fields, served) = fields_of(&service, action, "KeyId=alias/one&Name=alias/one").await;
        assert!(!served, "{}", action.name());
        assert_eq!((fields.subject(), fields.named()), (Some("alias/one"), None), "{}", action.name());
    }
}

#[tokio::test]
async fn the_record_of_an_action_that_panics_has_caller_and_operation() {
    let (service, engine) = service();
    let (caller, key) = (AccessKeyId::generate().unwrap(), KeyId::generate().unwrap());
    let named = |caller: &AccessKeyId| Principal::Verified(principal(&Caller::AccessKey(caller.clone())));
    for (panics, refusal) in [(false, RpcError::KeyNotFound), (true, RpcError::InternalFailure)] {
        engine.panics.store(panics, Ordering::SeqCst);
        let mut fields = AuditFields::verified(Action::DescribeKey.name(), caller.as_str());
        let request = request(Action::DescribeKey, &caller, &format!("KeyId={key}"));
        assert_eq!(request.perform(&service, &mut fields).await, Err(refusal));
        assert_eq!(fields.operation, Some("DescribeKey"), "{panics}");
        assert_eq!(fields.principal, named(&caller), "{panics}");
        assert_eq!(fields.subject(), Some(key.as_str()), "{panics}");
    }
}

/// Earlier versions ignored these parameters and created the key without them.
#[tokio::test]
async fn an_unsupported_parameter_is_refused_by_name_and_nothing_is_created() {
    let (service, _engine) = service();
    let caller = AccessKeyId::generate().unwrap();
    for (name, value) in
        [("Policy", "%7B"), ("Tags", "%5B%7B"), ("KeyStorageMechanism", "HsmInternal"), ("DryRun", "true")]
    {
        let request = request(Action::CreateKey, &caller, &format!("{name}={value}"));
        let refused = request.perform(&service, &mut AuditFields::default()).await.unwrap_err();
        assert_eq!(refused.status_and_code(), (400, "InvalidParameter"));
        let text = refused.to_string();
        assert!(text.starts_with(&format!("The specified parameter {name} is not valid.")), "{text}");
    }
    let all = claviger_service::PageRequest { number: 1, size: usize::MAX };
    assert_eq!(service.list_keys(&claviger_service::KeyFilter::default(), all).unwrap().total, 0);
    let (_fields, served) = fields_of(&service, Action::CreateKey, "Tags=%5B%5D&Policy=&RegionId=cn-hangzhou").await;
    assert!(served);
}
