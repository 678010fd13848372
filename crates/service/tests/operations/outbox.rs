//! Every change leaves one entry for the audit log in its own commit, and nothing else leaves one.

use std::sync::Arc;

use claviger_base::Clock;
use claviger_base::id::{AliasName, RequestId, RuleName};
use claviger_crypto::client_key::Password;
use claviger_keygen::{Generator, StockSizes};
use claviger_model::{
    AccessKey, AccessPoint, ClientKey, Key, KeySpec, KeyVersion, NetworkRule, Permission, Policy, RotationInterval,
};
use claviger_service::{
    Config, CreateKey, Done, Intent, IssueClientKey, KeyRef, Service, ServiceError, VersionChoice, first_start,
};
use claviger_store::{Fault, FaultyEngine, MemoryEngine, StoreError};
use claviger_vault::{ChangePlane, FileSeal, OutboxEntry, Vault};

use crate::fixture::{aes_key, by_id, encrypt, key_of, with_vault};

const DAY_S: u64 = 86_400;

/// The intent of a control plane request.
fn asked(operation: &str, sent_key: Option<&str>) -> Intent {
    Intent {
        request_id: RequestId::generate().unwrap(),
        plane: ChangePlane::Rpc,
        operation: operation.to_owned(),
        principal: "LTAI0123456789abcdefghij".to_owned(),
        source: Some("192.0.2.1:443".parse().unwrap()),
        sent_key: sent_key.map(str::to_owned),
        started: std::time::Instant::now(),
    }
}

fn outbox(vault: &Vault) -> Vec<OutboxEntry> {
    vault.list::<OutboxEntry>(None, usize::MAX).unwrap().records.into_iter().map(|stored| stored.record).collect()
}

/// Empties the outbox, as the writer of the log does.
fn clear(service: &Service, vault: &Vault) {
    service.remove_from_outbox(&mut outbox(vault)).unwrap();
    assert_eq!(outbox(vault), []);
}

/// The fields of an entry: operation, key id, second name, version.
type EntryFields = (String, Option<String>, Option<String>, Option<String>);

fn fields_of(entry: OutboxEntry) -> EntryFields {
    (entry.operation, entry.key_id, entry.named, entry.key_version_id)
}

fn expect(operation: &str, key_id: &str, named: Option<&str>, version: Option<&str>) -> EntryFields {
    (operation.to_owned(), Some(key_id.to_owned()), named.map(str::to_owned), version.map(str::to_owned))
}

fn request(rotation_interval: Option<RotationInterval>) -> CreateKey {
    let (spec, creator) = (KeySpec::AliyunAes256, String::new());
    CreateKey { spec, usage: None, description: String::new(), rotation_interval, creator }
}

fn days(days: u64) -> Option<RotationInterval> {
    RotationInterval::from_s(days * DAY_S)
}

fn name(text: &str) -> RuleName {
    RuleName::parse(text).unwrap()
}

#[test]
fn each_change_of_a_key_leaves_one_entry_and_what_changes_nothing_none() {
    let (service, vault) = with_vault(Config::default());
    let (one, by_alias) =
        (AliasName::parse("alias/one").unwrap(), KeyRef::Alias(AliasName::parse("alias/one").unwrap()));
    clear(&service, &vault);
    let intent = asked("CreateKey", None);
    let key = service.create_key(request(None), &intent).unwrap();
    let (id, by_key) = (key.id.as_str(), by_id(&key));
    assert_eq!(service.take_committed(&intent.request_id), Some(outbox(&vault).remove(0)));
    assert_eq!(service.take_committed(&intent.request_id), None, "an entry is given once");
    let next = |expected: Option<EntryFields>| {
        assert_eq!(outbox(&vault).into_iter().map(fields_of).collect::<Vec<_>>(), Vec::from_iter(expected));
        clear(&service, &vault);
    };
    next(Some(expect("CreateKey", id, None, Some(key.initial_version.as_str()))));
    service.create_alias(&one, &by_key, &asked("CreateAlias", Some(id))).unwrap();
    next(Some(expect("CreateAlias", id, Some("alias/one"), None)));
    service.create_alias(&one, &by_key, &asked("CreateAlias", Some(id))).unwrap_err();
    next(None);
    let version = service.create_key_version(&by_alias, &asked("CreateKeyVersion", Some("alias/one"))).unwrap().id;
    next(Some(expect("CreateKeyVersion", id, Some("alias/one"), Some(version.as_str()))));
    service.disable_key(&by_key, &asked("DisableKey", Some(id))).unwrap();
    next(Some(expect("DisableKey", id, None, None)));
    service.disable_key(&by_key, &asked("DisableKey", Some(id))).unwrap();
    next(None);
    service.create_key_version(&by_key, &asked("CreateKeyVersion", Some(id))).unwrap_err();
    next(None);
    service.enable_key(&by_key, &asked("EnableKey", Some(id))).unwrap();
    next(Some(expect("EnableKey", id, None, None)));
    service.update_key_description(&by_alias, "new", &asked("UpdateKeyDescription", Some("alias/one"))).unwrap();
    next(Some(expect("UpdateKeyDescription", id, Some("alias/one"), None)));
    service.update_key_description(&by_key, "new", &asked("UpdateKeyDescription", Some(id))).unwrap();
    next(None);
    service.update_rotation_policy(&by_key, days(30), &asked("UpdateRotationPolicy", Some(id))).unwrap();
    next(Some(expect("UpdateRotationPolicy", id, None, None)));
    service.schedule_key_deletion(&by_key, 7, &asked("ScheduleKeyDeletion", Some(id))).unwrap();
    next(Some(expect("ScheduleKeyDeletion", id, None, None)));
    service.update_key_description(&by_key, "newer", &asked("UpdateKeyDescription", Some(id))).unwrap_err();
    next(None);
    service.cancel_key_deletion(&by_key, &asked("CancelKeyDeletion", Some(id))).unwrap();
    next(Some(expect("CancelKeyDeletion", id, None, None)));
    // The new interval is over already: policy and version are one change.
    service.clock().advance_s(20 * DAY_S);
    let edited = service.update_rotation_policy(&by_key, days(7), &asked("UpdateRotationPolicy", Some(id))).unwrap();
    assert_eq!(edited.version_count, 3);
    next(Some(expect("UpdateRotationPolicy", id, None, Some(edited.primary_version.as_str()))));
    service.delete_alias(&one, &asked("DeleteAlias", None)).unwrap();
    next(Some(expect("DeleteAlias", id, Some("alias/one"), None)));
    service.delete_alias(&one, &asked("DeleteAlias", None)).unwrap_err();
    next(None);
}

#[test]
fn each_change_of_rights_leaves_one_entry() {
    let (service, vault) = with_vault(Config::default());
    clear(&service, &vault);
    let next = |operation: &str, id: &str, named: Option<&str>| {
        assert_eq!(outbox(&vault).into_iter().map(fields_of).collect::<Vec<_>>(), [expect(operation, id, named, None)]);
        clear(&service, &vault);
    };
    let rule = NetworkRule {
        name: name("office"),
        source_private_ip: vec!["10.0.0.0/8".to_owned()],
        description: String::new(),
    };
    let policy = Policy {
        name: name("p"),
        kms_instance: service.instance().id.to_string(),
        permissions: vec![Permission::KeyUser],
        resources: vec!["key/*".to_owned()],
        network_rules: vec![name("office")],
        access_control_rules: String::new(),
        description: String::new(),
    };
    let point = AccessPoint { name: name("app"), policies: vec![name("p")], description: String::new() };
    service.create_network_rule(rule, &asked("a", None)).unwrap();
    next("a", "office", None);
    // A stray `KeyId` parameter must not make the record take a policy for a key.
    service.create_policy(policy, &asked("b", Some("alias/stray"))).unwrap();
    next("b", "p", None);
    service.create_access_point(point, &asked("c", None)).unwrap();
    next("c", "app", None);
    service.update_network_rule(&name("office"), |rule| rule.source_private_ip.clear(), &asked("d", None)).unwrap();
    next("d", "office", None);
    service.update_policy(&name("p"), |policy| policy.network_rules.clear(), &asked("e", None)).unwrap();
    next("e", "p", None);
    service.update_access_point(&name("app"), |point| point.description.push('x'), &asked("f", None)).unwrap();
    next("f", "app", None);
    let now = service.clock().now().whole_second();
    let issuing = IssueClientKey {
        access_point: name("app"),
        password: Password::new("correct-Horse-9").unwrap(),
        not_before: now,
        not_after: now.plus_s(60),
    };
    let issued = service.issue_client_key(&issuing, &asked("g", None)).unwrap().record;
    next("g", issued.id.as_str(), Some("app"));
    service.delete_access_point(&name("app"), &asked("x", None)).unwrap_err();
    assert_eq!(outbox(&vault), []);
    service.revoke_client_key(&issued.id, &asked("h", None)).unwrap();
    next("h", issued.id.as_str(), Some("app"));
    service.delete_access_point(&name("app"), &asked("i", None)).unwrap();
    next("i", "app", None);
    service.delete_policy(&name("p"), &asked("j", None)).unwrap();
    next("j", "p", None);
    service.delete_network_rule(&name("office"), &asked("k", None)).unwrap();
    next("k", "office", None);
}

#[test]
fn the_first_start_leaves_entries_for_all_credentials() {
    let (_service, vault) = with_vault(Config::default());
    let mut made: Vec<EntryFields> = outbox(&vault).into_iter().map(fields_of).collect();
    made.sort();
    let client_key = vault.list::<ClientKey>(None, 10).unwrap().records.remove(0).record;
    let access_key = made.first().unwrap().1.clone().unwrap();
    let parsed = claviger_base::id::AccessKeyId::parse(&access_key).unwrap();
    assert!(vault.get::<AccessKey>(&parsed).unwrap().is_some());
    let expected = [
        expect("CreateAccessKey", &access_key, None, None),
        expect("CreateApplicationAccessPoint", "first", None, None),
        expect("CreateClientKey", client_key.id.as_str(), Some("first"), None),
        expect("CreatePolicy", "first", None, None),
    ];
    assert_eq!(made, expected);
}

#[test]
fn the_scheduler_leaves_one_entry_for_each_rotation_and_destruction_whatever_is_under_the_key() {
    let (service, vault) = with_vault(Config::default());
    let (rotating, doomed) = (key_of(&service, KeySpec::AliyunAes256, None, true), aes_key(&service));
    // More versions and aliases than one commit removes.
    for number in 0..40 {
        service.create_key_version(&by_id(&doomed), &asked("CreateKeyVersion", None)).unwrap();
        let alias = AliasName::parse(&format!("alias/of-{number}")).unwrap();
        service.create_alias(&alias, &by_id(&doomed), &asked("CreateAlias", None)).unwrap();
    }
    service.schedule_key_deletion(&by_id(&doomed), 30, &asked("ScheduleKeyDeletion", None)).unwrap();
    service.clock().advance_s(31 * DAY_S);
    clear(&service, &vault);
    drop(service.take_committed_local());
    let mut done = Vec::new();
    service.do_what_is_due(&mut |one| done.push(one.unwrap())).unwrap();
    assert_eq!(done.len(), 2);
    let version = done.iter().find_map(|done| match done {
        Done::Rotated(version) => Some(version.id.to_string()),
        Done::Destroyed(_) => None,
    });
    let mut entries: Vec<EntryFields> = outbox(&vault).into_iter().map(fields_of).collect();
    entries.sort();
    let expected = [
        expect("AutomaticRotation", rotating.id.as_str(), None, version.as_deref()),
        expect("DestroyKey", doomed.id.as_str(), None, None),
    ];
    assert_eq!(entries, expected);
    assert_eq!(service.take_committed_local().len(), 2);
    assert_eq!(service.take_committed_local(), [], "an entry is given once");
}

#[test]
fn changes_that_are_retried_leave_one_entry_each() {
    const RACERS: usize = 8;
    let (service, vault) = with_vault(Config::default());
    let key = aes_key(&service);
    clear(&service, &vault);
    std::thread::scope(|scope| {
        for _ in 0..RACERS {
            scope.spawn(|| {
                for _ in 0..5 {
                    service.create_key_version(&by_id(&key), &asked("CreateKeyVersion", None)).unwrap();
                }
            });
        }
    });
    let stored = vault.list_of::<KeyVersion>(&key.id, None, usize::MAX).unwrap().records;
    let mut made: Vec<String> = stored.iter().skip(1).map(|version| version.record.id.to_string()).collect();
    let mut entries: Vec<String> = outbox(&vault).into_iter().filter_map(|entry| entry.key_version_id).collect();
    made.sort();
    entries.sort();
    assert_eq!((made.len(), entries), (RACERS * 5, made));
}

fn service_on(engine: &Arc<FaultyEngine>) -> (Service, Arc<Vault>) {
    let dir = tempfile::tempdir().unwrap();
    let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
    let vault = Arc::new(Vault::create(Arc::clone(engine) as _, &seal).unwrap());
    let clock = Clock::default();
    first_start::<ServiceError>(&vault, &clock, |_handed_out| Ok(())).unwrap();
    let keygen = claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() };
    let service = Service::new(Arc::clone(&vault), clock, Generator::start(keygen).unwrap(), Config::default());
    (service.unwrap(), vault)
}

#[test]
fn a_change_and_its_entry_are_there_together_or_not_at_all() {
    let engine = Arc::new(FaultyEngine::new(Arc::new(MemoryEngine::default())));
    let (service, vault) = service_on(&engine);
    clear(&service, &vault);
    let intent = asked("CreateKey", None);
    engine.fail_commit(1, Fault::Refused(StoreError::Full));
    service.create_key(request(None), &intent).unwrap_err();
    assert_eq!((outbox(&vault).len(), vault.list::<Key>(None, 10).unwrap().records.len()), (0, 0));
    assert_eq!(service.take_committed(&intent.request_id), None);
    // The change was made but not reported: only the store knows of it, and the log gets it after the next start.
    engine.fail_commit(1, Fault::AnswerLost(StoreError::Failed("the device failed".to_owned())));
    service.create_key(request(None), &intent).unwrap_err();
    let key = vault.list::<Key>(None, 10).unwrap().records.remove(0).record;
    let version = key.initial_version.as_str();
    assert_eq!(fields_of(outbox(&vault).remove(0)), expect("CreateKey", key.id.as_str(), None, Some(version)));
    assert_eq!(service.take_committed(&intent.request_id), None);
}

#[test]
fn nothing_is_changed_while_the_log_takes_no_records() {
    let (service, vault) = with_vault(Config::default());
    let key = aes_key(&service);
    clear(&service, &vault);
    service.set_log_state(7, false);
    let refused = service.create_key(request(None), &asked("CreateKey", None));
    assert!(matches!(refused, Err(ServiceError::AuditLogUnavailable)));
    let refused = service.create_key_version(&by_id(&key), &asked("CreateKeyVersion", None));
    assert!(matches!(refused, Err(ServiceError::AuditLogUnavailable)));
    assert_eq!((outbox(&vault).len(), vault.list::<Key>(None, 10).unwrap().records.len()), (0, 1));
    service.set_log_state(8, true);
    service.create_key(request(None), &asked("CreateKey", None)).unwrap();
    assert_eq!(outbox(&vault).remove(0).log_seq, 8, "the search after a crash begins there");
}

#[tokio::test]
async fn the_data_plane_leaves_none_and_removing_takes_few_commits() {
    let engine = Arc::new(FaultyEngine::new(Arc::new(MemoryEngine::default())));
    let (service, vault) = service_on(&engine);
    let key = service.create_key(request(None), &asked("CreateKey", None)).unwrap();
    clear(&service, &vault);
    service.encrypt(encrypt(&key, VersionChoice::Primary, b"x")).await.unwrap();
    assert_eq!(outbox(&vault), []);
    for _ in 0..250 {
        service.create_key(request(None), &asked("CreateKey", None)).unwrap();
    }
    let before = engine.commits();
    clear(&service, &vault);
    assert_eq!(engine.commits() - before, 3, "250 entries");
}
