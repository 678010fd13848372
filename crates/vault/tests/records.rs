//! Records of any kind: their paths, their listings, and notice of their changes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may stop at once")]

use std::sync::Arc;
use std::time::Duration;

use claviger_base::id::{AliasName, KeyId, KeyVersionId, RequestId};
use claviger_base::{SecretBytes, Timestamp};
use claviger_model::{
    AccessKey, AccessPoint, Alias, ClientKey, Instance, Key, KeyMaterial, KeyVersion, NetworkRule, Policy,
    RevokedClientKey, TrustedTime,
};
use claviger_store::MemoryEngine;
use claviger_vault::{
    AliasOfKey, Audit, AuditAnchor, AuditSigningKey, Cursor, DevClock, Due, FileSeal, IvUses, OutboxEntry, Outcome,
    Record, TlsAuthority, Vault,
};

const NOW: Timestamp = Timestamp::from_unix_s(1_900_000_000);
const A_MOMENT: Duration = Duration::from_millis(10);

fn vault() -> Vault {
    let dir = tempfile::tempdir().unwrap();
    let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
    Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap()
}

fn version(key: &KeyId, number: u32) -> KeyVersion {
    KeyVersion { id: KeyVersionId::generate(key).unwrap(), key: key.clone(), number, created: NOW }
}

fn alias(key: &KeyId, name: &str) -> Alias {
    Alias { name: AliasName::parse(name).unwrap(), key: key.clone(), created: NOW }
}

/// Paths are stored and never change (docs/formats/records.md).
#[test]
fn paths_are_those_of_the_format_and_ids_are_read_back_from_them() {
    fn check<R: Record>(id: &R::Id, path: &str)
    where
        R::Id: PartialEq + std::fmt::Debug,
    {
        assert_eq!(R::path_of(id), path);
        assert_eq!(R::id_of(path).as_ref(), Some(id), "{path}");
        assert!(R::id_of(&format!("{path}\n")).is_none(), "{path}");
        assert!(R::id_of(&format!("~spare/{path}")).is_none(), "{path}");
    }
    let key = KeyId::generate().unwrap();
    let version = KeyVersionId::generate(&key).unwrap();
    let name = AliasName::parse("alias/one").unwrap();
    let request = RequestId::generate().unwrap();
    check::<Key>(&key, &format!("key/{key}"));
    check::<KeyMaterial>(&version, &format!("version/{version}"));
    check::<KeyVersion>(&(key.clone(), 12), &format!("key-version/{key}/0000000012"));
    check::<IvUses>(&version, &format!("iv-uses/{version}"));
    check::<Alias>(&name, "alias/one");
    check::<AliasOfKey>(&(key.clone(), name), &format!("key-alias/{key}/alias/one"));
    check::<Due>(&(NOW, key.clone()), &format!("due/{}/{key}", hex(NOW)));
    check::<OutboxEntry>(&(NOW, request.clone()), &format!("outbox/{}/{request}", hex(NOW)));
    check::<Instance>(&(), "meta/instance");
    check::<TrustedTime>(&(), "meta/clock");
    check::<DevClock>(&(), "meta/dev-clock");
    check::<AuditAnchor>(&(), "meta/audit-anchor");
    check::<AuditSigningKey>(&(), "meta/audit-signing-key");
    check::<TlsAuthority>(&(), "meta/tls-authority");
    assert!(KeyVersion::id_of(&format!("key-version/{key}/12")).is_none(), "not how the number is written");
}

fn hex(time: Timestamp) -> String {
    format!("{:016x}", time.unix_ms())
}

#[test]
fn no_kinds_paths_begin_as_anothers() {
    let prefixes = [
        Key::PREFIX,
        KeyMaterial::PREFIX,
        KeyVersion::PREFIX,
        IvUses::PREFIX,
        Alias::PREFIX,
        AliasOfKey::PREFIX,
        Due::PREFIX,
        OutboxEntry::PREFIX,
        ClientKey::PREFIX,
        RevokedClientKey::PREFIX,
        AccessKey::PREFIX,
        AccessPoint::PREFIX,
        Policy::PREFIX,
        NetworkRule::PREFIX,
        Instance::PREFIX,
        TrustedTime::PREFIX,
        DevClock::PREFIX,
        AuditAnchor::PREFIX,
        AuditSigningKey::PREFIX,
        TlsAuthority::PREFIX,
    ];
    for (at, prefix) in prefixes.iter().enumerate() {
        for (other_at, other) in prefixes.iter().enumerate() {
            assert!(at == other_at || !prefix.starts_with(other), "{prefix} begins with {other}");
        }
    }
}

#[test]
fn records_are_listed_by_kind_by_owner_and_from_a_cursor() {
    let vault = vault();
    let (key, other) = (KeyId::generate().unwrap(), KeyId::generate().unwrap());
    let mut change = vault.change().create(&version(&other, 1)).unwrap();
    for number in 1..=11 {
        change = change.create(&version(&key, number)).unwrap();
    }
    assert!(matches!(change.commit(Audit::NoRecord("a test")).unwrap(), Outcome::Done(_)));
    let numbers = |after: Option<&Cursor>, limit| -> Vec<u32> {
        let page = vault.list_of::<KeyVersion>(&key, after, limit).unwrap();
        assert_eq!(page.next.is_some(), page.records.len() == limit);
        page.records.into_iter().map(|stored| stored.record.number).collect()
    };
    assert_eq!(numbers(None, 100), (1..=11).collect::<Vec<_>>());
    let after = Cursor::after::<KeyVersion>(&(key.clone(), 8));
    assert_eq!(numbers(Some(&after), 2), [9, 10]);
    assert_eq!(vault.list::<KeyVersion>(None, 100).unwrap().records.len(), 12);
    let page = vault.list_of::<KeyVersion>(&key, None, 11).unwrap().while_all(|version| version.number < 4);
    assert_eq!((page.records.len(), page.next), (3, None));
}

#[test]
fn a_watch_sees_what_a_change_says_of_itself() {
    let vault = vault();
    let key = KeyId::generate().unwrap();
    let (version, alias) = (version(&key, 1), alias(&key, "alias/one"));
    let mut watch = vault.watch(vault.revision().unwrap()).unwrap();
    let material = KeyMaterial { version: version.clone(), material: SecretBytes::new(vec![7; 32]) };
    let change = vault.change().create(&material).unwrap().create(&alias).unwrap();
    let changes = change.changes();
    let Outcome::Done(revision) = change.commit(Audit::NoRecord("a test")).unwrap() else { panic!() };
    for own in &changes {
        assert_eq!(watch.next(A_MOMENT).unwrap(), Some((revision, own.clone())));
    }
    assert_eq!(changes.iter().find_map(|change| change.id::<KeyMaterial>()).as_ref(), Some(&version.id));
    assert_eq!(changes.iter().filter_map(|change| change.id::<Alias>()).collect::<Vec<_>>(), [alias.name]);
    assert!(changes.iter().all(|change| change.id::<Key>().is_none()));
    let removing = vault.change().delete_by_id::<KeyMaterial>(&version.id);
    removing.commit(Audit::NoRecord("a test")).unwrap();
    let (_revision, removed) = watch.next(A_MOMENT).unwrap().unwrap();
    assert_eq!(removed.id::<KeyMaterial>(), Some(version.id.clone()));
    assert!(vault.get::<KeyMaterial>(&version.id).unwrap().is_none());
    assert_eq!(watch.next(A_MOMENT).unwrap(), None);
}
