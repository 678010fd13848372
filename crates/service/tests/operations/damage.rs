//! One record of every kind is damaged in turn: it is reported, and everything that does not depend on it goes on working.
//!
//! In earlier versions, one such record made a whole listing or a whole pass of the scheduler fail.

mod needed;
mod pages;

use std::sync::Arc;

use claviger_base::Clock;
use claviger_base::id::{AliasName, ClientKeyId, RuleName};
use claviger_crypto::client_key::{Password, open};
use claviger_crypto::rsa::PrivateKey;
use claviger_keygen::{Generator, StockSizes};
use claviger_model::{AccessPoint, Key, KeySpec, NetworkRule, Permission, Policy};
use claviger_service::{
    AccessRefusal, Config, DecryptSource, Done, IssueClientKey, IssuedClientKey, KeyFilter, KeyRef, PageRequest,
    Rights, Service, ServiceError, VersionChoice, first_start,
};
use claviger_store::{Batch, Engine, MemoryEngine, StoreConfig};
use claviger_vault::{Audit, DevClock, FileSeal, Kind, Record, Vault, VaultError};

use crate::fixture::{SOURCE, by_id, decrypt, encrypt, intent, key_of};

const PASSWORD: &str = "correct-Horse-9";
const ALL: PageRequest = PageRequest { number: 1, size: 100 };
const DAY_S: u64 = 86_400;

/// A store with two of everything: one to be damaged, and one that must not be affected.
struct Instance {
    engine: MemoryEngine,
    seal: FileSeal,
    _dir: tempfile::TempDir,
    damaged: Key,
    other: Key,
    other_client: IssuedClientKey,
    /// Sealed by the other key before the damage.
    sealed: claviger_service::Encrypted,
    /// Entries for the audit log.
    outbox: usize,
    /// For each kind, the path of the record that is to be damaged.
    paths: Vec<(Kind, String)>,
}

fn name(text: &str) -> RuleName {
    RuleName::parse(text).unwrap()
}

fn alias(text: &str) -> AliasName {
    AliasName::parse(text).unwrap()
}

fn service_over(engine: &MemoryEngine, seal: &FileSeal) -> Result<Arc<Service>, ServiceError> {
    service_on(Arc::new(engine.clone()), seal)
}

fn service_on(engine: Arc<dyn Engine>, seal: &FileSeal) -> Result<Arc<Service>, ServiceError> {
    let vault = Arc::new(Vault::open(engine, seal)?);
    vault.repair_essential()?;
    let keygen = claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() };
    let generator = Generator::start(keygen).unwrap();
    Ok(Arc::new(Service::new(vault, Clock::default(), generator, Config::default())?))
}

/// A client key with an access point, a policy and a network rule, all with the same name.
fn client(service: &Service, called: &str) -> IssuedClientKey {
    let rule = NetworkRule {
        name: name(called),
        source_private_ip: vec!["127.0.0.0/8".to_owned()],
        description: String::new(),
    };
    service.create_network_rule(rule, &intent()).unwrap();
    let policy = |called: &str, rules: &[&str]| Policy {
        name: name(called),
        kms_instance: String::new(),
        permissions: Permission::ALL.to_vec(),
        resources: vec!["key/*".to_owned()],
        network_rules: rules.iter().copied().map(name).collect(),
        access_control_rules: String::new(),
        description: String::new(),
    };
    service.create_policy(policy(called, &[called]), &intent()).unwrap();
    let policies = vec![name(called), name("first")];
    let point = AccessPoint { name: name(called), policies, description: String::new() };
    service.create_access_point(point, &intent()).unwrap();
    issue(service, called)
}

fn issue(service: &Service, called: &str) -> IssuedClientKey {
    let now = service.clock().now();
    let request = IssueClientKey {
        access_point: name(called),
        password: Password::new(PASSWORD).unwrap(),
        not_before: now.plus_s(-10),
        not_after: now.plus_s(400 * 86_400),
    };
    service.issue_client_key(&request, &intent()).unwrap()
}

async fn instance() -> Instance {
    let dir = tempfile::tempdir().unwrap();
    let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
    let engine = MemoryEngine::default();
    let vault = Vault::create(Arc::new(engine.clone()), &seal).unwrap();
    let mut access_key = String::new();
    first_start(&vault, &Clock::default(), |first| {
        access_key = first.access_key.id.to_string();
        Ok::<_, ServiceError>(())
    })
    .unwrap();
    vault.change().put(&DevClock { offset_ms: 0 }).unwrap().commit(Audit::NoRecord("a test")).unwrap();
    let service = service_over(&engine, &seal).unwrap();
    let [damaged, other] = ["alias/damaged", "alias/other"].map(|called| {
        let key = key_of(&service, KeySpec::AliyunAes256, None, true);
        service.create_alias(&alias(called), &by_id(&key), &intent()).unwrap();
        key
    });
    let [damaged_client, other_client] = ["damaged", "other"].map(|called| client(&service, called));
    let revoked = issue(&service, "other").record.id;
    service.revoke_client_key(&revoked, &intent()).unwrap();
    service.encrypt(encrypt(&damaged, VersionChoice::Primary, b"x")).await.unwrap();
    let sealed = service.encrypt(encrypt(&other, VersionChoice::Primary, b"before")).await.unwrap();
    // Nothing writes the entries to a log here, so all of them are still in the store.
    let entries = service.outbox(None, usize::MAX).unwrap().records;
    let (outbox, entry) = (entries.len(), entries[0].record.path());
    let named = Named { client: &damaged_client, revoked: &revoked, access_key: &access_key, outbox_entry: &entry };
    let path = |kind| (kind, path(kind, &damaged, &named));
    let paths = Kind::ALL.into_iter().map(path).collect();
    Instance { outbox, engine, seal, _dir: dir, damaged, other, other_client, sealed, paths }
}

/// The names that occur in the paths of records, in addition to the key's.
struct Named<'a> {
    client: &'a IssuedClientKey,
    revoked: &'a ClientKeyId,
    access_key: &'a str,
    outbox_entry: &'a str,
}

/// The `match` has no wildcard: whoever adds a kind of record gives the path of one here, and decides what its damage must not
/// affect.
fn path(kind: Kind, key: &Key, named: &Named<'_>) -> String {
    let Named { client, revoked, access_key, outbox_entry } = named;
    let due = u64::try_from(key.due().unwrap().unix_ms()).unwrap();
    match kind {
        Kind::Instance => "meta/instance".to_owned(),
        Kind::Key => format!("key/{}", key.id),
        Kind::KeyMaterial => format!("version/{}", key.primary_version),
        Kind::KeyVersion => format!("key-version/{}/0000000001", key.id),
        Kind::Alias => "alias/damaged".to_owned(),
        Kind::AliasOfKey => format!("key-alias/{}/alias/damaged", key.id),
        Kind::Due => format!("due/{due:016x}/{}", key.id),
        Kind::ClientKey => format!("client-key/{}", client.record.id),
        Kind::AccessKey => format!("access-key/{access_key}"),
        Kind::DevClock => "meta/dev-clock".to_owned(),
        Kind::AuditSigningKey => "meta/audit-signing-key".to_owned(),
        Kind::TlsAuthority => "meta/tls-authority".to_owned(),
        Kind::IvUses => format!("iv-uses/{}", key.primary_version),
        Kind::AccessPoint => "access-point/damaged".to_owned(),
        Kind::Policy => "policy/damaged".to_owned(),
        Kind::NetworkRule => "network-rule/damaged".to_owned(),
        Kind::AuditAnchor => "meta/audit-anchor".to_owned(),
        Kind::OutboxEntry => (*outbox_entry).to_owned(),
        Kind::TrustedTime => "meta/clock".to_owned(),
        Kind::RevokedClientKey => format!("revoked-client-key/{revoked}"),
    }
}

/// Values that damage may leave in place of this one.
fn damages(value: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let mut flipped = value.to_vec();
    flipped[value.len() / 2] ^= 1;
    [
        ("a byte is another", flipped),
        ("cut", value[..value.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("of another header", [b"CLVR\x01\x63".as_slice(), &value[6..]].concat()),
    ]
}

impl Instance {
    /// A separate service over a copy of the store. It starts before the damage.
    fn damaged_copy(&self, path: &str, value: Vec<u8>) -> (MemoryEngine, Arc<Service>) {
        let copy = MemoryEngine::default();
        for entry in self.engine.scan(b"", None, usize::MAX).unwrap() {
            copy.commit(Batch::new().put(&entry.key, entry.value)).unwrap();
        }
        let service = service_over(&copy, &self.seal).unwrap();
        assert!(copy.get(path.as_bytes()).unwrap().is_some(), "nothing lies at {path}");
        copy.commit(Batch::new().put(path.as_bytes(), value)).unwrap();
        (copy, service)
    }

    async fn the_other_key_works(&self, service: &Service, what: &str) {
        let by_alias = KeyRef::Alias(AliasName::parse("alias/other").unwrap());
        let source = DecryptSource::Version { version: self.sealed.key_version_id.clone(), key: Some(by_alias) };
        let request = decrypt(source, &self.sealed.ciphertext, &self.sealed.iv);
        let opened = service.decrypt(request).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(opened.plaintext.reveal(), b"before", "{what}");
        let sealed = service.encrypt(encrypt(&self.other, VersionChoice::Primary, b"now")).await;
        assert!(sealed.is_ok(), "{what}: {sealed:?}");
    }

    async fn the_other_client_is_admitted(&self, service: &Service, what: &str) -> Rights {
        let opened = open(self.other_client.pkcs12.reveal(), PASSWORD).unwrap();
        let key = PrivateKey::from_pkcs8_der(&opened.private_key_pkcs8).unwrap();
        let signature = key.sign_pkcs1_sha256(b"to sign").unwrap();
        let id = self.other_client.record.id.as_str();
        let verified = service.access().verify_client_key(id, b"to sign", &signature, SOURCE).await;
        verified.unwrap_or_else(|refused| panic!("{what}: {refused:?}")).1
    }
}

/// Every listing answers, without the one record that cannot be read.
fn listings_answer(service: &Service, instance: &Instance, kind: Kind, what: &str) {
    let one_less = |of: Kind, whole: usize| if kind == of { whole - 1 } else { whole };
    let keys = service.list_keys(&KeyFilter::default(), ALL).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!((keys.total, keys.keys.len()), (one_less(Kind::Key, 2), one_less(Kind::Key, 2)), "{what}");
    assert_eq!(keys.unreadable, usize::from(kind == Kind::Key), "{what}");
    assert_eq!(service.list_aliases(ALL).unwrap().total, one_less(Kind::Alias, 2), "{what}");
    assert_eq!(service.list_client_keys(ALL).unwrap().total, one_less(Kind::ClientKey, 3), "{what}");
    assert_eq!(service.list_access_points(ALL).unwrap().total, one_less(Kind::AccessPoint, 3), "{what}");
    assert_eq!(service.list_policies(ALL).unwrap().total, one_less(Kind::Policy, 3), "{what}");
    assert_eq!(service.list_network_rules(ALL).unwrap().total, one_less(Kind::NetworkRule, 2), "{what}");
    let entries = service.outbox(None, usize::MAX).unwrap().records.len();
    assert_eq!(entries, one_less(Kind::OutboxEntry, instance.outbox), "{what}");
    if kind != Kind::Key {
        let versions = service.list_key_versions(&by_id(&instance.damaged), ALL).unwrap().total;
        assert_eq!(versions, one_less(Kind::KeyVersion, 1), "{what}");
    }
}

/// Runs passes until nothing is due any more. Returns what was done, and how often something failed.
fn passes(service: &Service) -> (Vec<Done>, usize) {
    let (mut done, mut failed) = (Vec::new(), 0);
    for _ in 0..3 {
        let ended = service.do_what_is_due(&mut |outcome| match outcome {
            Ok(one) => done.push(one),
            Err(_) => failed += 1,
        });
        failed += usize::from(ended.is_err());
    }
    (done, failed)
}

fn has_rotated(done: &[Done], key: &Key) -> bool {
    done.iter().any(|done| matches!(done, Done::Rotated(version) if version.key == key.id))
}

#[tokio::test]
async fn a_damaged_record_of_any_kind_leaves_everything_else_usable_and_rotating() {
    let instance = instance().await;
    for (kind, path) in &instance.paths {
        let value = instance.engine.get(path.as_bytes()).unwrap().unwrap().value;
        for (damage, value) in damages(&value) {
            let what = format!("{path}: {damage}");
            let (_engine, service) = instance.damaged_copy(path, value);
            instance.the_other_key_works(&service, &what).await;
            let rights = instance.the_other_client_is_admitted(&service, &what).await;
            assert!(rights.require(claviger_model::Target::Key(&instance.other.id)).is_ok(), "{what}");
            listings_answer(&service, &instance, *kind, &what);
            service.check_everything().unwrap();
            let report = service.damage();
            // A due date is restored from its key, and the other three from their copies.
            let is_repaired = matches!(kind, Kind::Due | Kind::Instance | Kind::AuditSigningKey | Kind::TlsAuthority);
            let expected = if is_repaired { vec![] } else { vec![path.clone()] };
            assert_eq!((report.records, report.first), (expected.len(), expected), "{what}");
            service.clock().advance_s(31 * DAY_S);
            let (done, failed) = passes(&service);
            assert_eq!(failed, 0, "{what}");
            assert!(has_rotated(&done, &instance.other), "{what}: {done:?}");
            assert_eq!(has_rotated(&done, &instance.damaged), *kind != Kind::Key, "{what}: {done:?}");
            instance.the_other_key_works(&service, &what).await;
        }
    }
}

#[tokio::test]
async fn a_revoked_client_key_whose_record_is_damaged_stays_refused() {
    let instance = instance().await;
    let (_, path) = instance.paths.iter().find(|(kind, _)| *kind == Kind::RevokedClientKey).unwrap();
    let (_engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
    let id = path.rsplit('/').next().unwrap();
    let refused = service.access().verify_client_key(id, b"to sign", &[0; 256], SOURCE).await.unwrap_err();
    assert!(matches!(refused, AccessRefusal::Failed(_)), "{refused:?}");
}

/// A pass of the scheduler finds the damaged date before the daily check has run, and the key still rotates.
#[tokio::test]
async fn a_key_whose_due_date_is_damaged_or_lost_rotates_on_time() {
    let instance = instance().await;
    let (_, path) = instance.paths.iter().find(|(kind, _)| *kind == Kind::Due).unwrap();
    let (_engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
    service.clock().advance_s(31 * DAY_S);
    let (done, failed) = passes(&service);
    assert!(failed == 0 && has_rotated(&done, &instance.damaged), "{done:?}");
    // A deleted date leaves nothing that looks damaged. The check restores the date from the key.
    let (engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
    engine.commit(Batch::new().delete(path.as_bytes())).unwrap();
    service.check_everything().unwrap();
    service.clock().advance_s(31 * DAY_S);
    let (done, failed) = passes(&service);
    assert!(failed == 0 && has_rotated(&done, &instance.damaged), "{done:?}");
}

#[tokio::test]
async fn a_damaged_version_or_count_is_refused_and_the_next_version_works() {
    let instance = instance().await;
    for wanted in [Kind::KeyMaterial, Kind::IvUses] {
        let (_, path) = instance.paths.iter().find(|(kind, _)| *kind == wanted).unwrap();
        let (_engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
        let ask = || encrypt(&instance.damaged, VersionChoice::Primary, b"x");
        let refused = service.encrypt(ask()).await;
        assert!(matches!(&refused, Err(ServiceError::Vault(VaultError::Unreadable { .. }))), "{path}: {refused:?}");
        if wanted == Kind::KeyMaterial {
            service.create_key_version(&by_id(&instance.damaged), &intent()).unwrap();
        } else {
            // The version may have reached its limit, so its key, which rotates automatically, rotates now.
            let (done, failed) = passes(&service);
            assert!(failed == 0 && has_rotated(&done, &instance.damaged), "{done:?}");
        }
        assert!(service.encrypt(ask()).await.is_ok(), "{path}");
    }
}

/// Records that only a damaged record refers to are still destroyed with their key: material must not stay.
#[tokio::test]
async fn destruction_leaves_nothing_behind_a_damaged_record() {
    let instance = instance().await;
    for wanted in [Kind::KeyMaterial, Kind::KeyVersion, Kind::Alias, Kind::AliasOfKey, Kind::IvUses, Kind::Due] {
        let (_, path) = instance.paths.iter().find(|(kind, _)| *kind == wanted).unwrap();
        let (engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
        service.schedule_key_deletion(&by_id(&instance.damaged), 7, &intent()).unwrap();
        service.clock().advance_s(8 * DAY_S);
        let (done, failed) = passes(&service);
        assert!(failed == 0 && done.contains(&Done::Destroyed(instance.damaged.id.clone())), "{path}: {done:?}");
        let left = engine.scan(b"", None, usize::MAX).unwrap().into_iter();
        let left: Vec<_> = left.map(|entry| String::from_utf8(entry.key).unwrap()).collect();
        let of_key = left.iter().filter(|path| path.contains(instance.damaged.id.as_str()));
        assert_eq!(of_key.count(), 0, "{path}: {left:?}");
        // Only one record is damaged: without its own record, an alias is found through its entry below the key.
        assert!(!left.contains(&"alias/damaged".to_owned()), "{path}: {left:?}");
    }
}

#[tokio::test]
async fn unreadable_policies_grant_nothing_and_a_damaged_instance_record_is_restored() {
    let instance = instance().await;
    let (_, path) = instance.paths.iter().find(|(kind, _)| *kind == Kind::Instance).unwrap();
    let (engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
    service.check_store().unwrap();
    assert_eq!(service.damage().records, 0);
    assert!(service_over(&engine, &instance.seal).is_ok());
    // These are both policies of the other access point. Without them, nothing admits its client key.
    for policy in ["policy/other", "policy/first"] {
        engine.commit(Batch::new().put(policy.as_bytes(), b"damaged".to_vec())).unwrap();
    }
    let service = service_over(&engine, &instance.seal).unwrap();
    let opened = open(instance.other_client.pkcs12.reveal(), PASSWORD).unwrap();
    let key = PrivateKey::from_pkcs8_der(&opened.private_key_pkcs8).unwrap();
    let signature = key.sign_pkcs1_sha256(b"to sign").unwrap();
    let id = instance.other_client.record.id.as_str();
    let refused = service.access().verify_client_key(id, b"to sign", &signature, SOURCE).await;
    assert!(matches!(refused, Err(claviger_service::AccessRefusal::SourceNotAdmitted)));
}
