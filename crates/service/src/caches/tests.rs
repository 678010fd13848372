//! Which records empty which caches, for every kind of record that the vault stores.

use claviger_base::{Clock, SecretBytes, Timestamp};
use claviger_model::{Instance, KeySpec, KeyState, KeyUsage, KeyVersion, TrustedTime};
use claviger_store::MemoryEngine;
use claviger_vault::{
    AliasOfKey, Audit, AuditAnchor, AuditSigningKey, Change, DevClock, Due, FileSeal, IvUses, Kind, OutboxEntry,
    Record, TlsAuthority,
};

use super::*;
use crate::bootstrap::first_start;
use crate::intent::Intent;

/// The caches with an entry that is read from records of this kind. Whoever adds a kind decides here what depends on it.
const fn emptied_by(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Key => &["keys"],
        Kind::Alias | Kind::AliasOfKey => &["aliases"],
        Kind::KeyMaterial => &["versions"],
        Kind::ClientKey | Kind::RevokedClientKey => &["client keys"],
        Kind::AccessKey => &["access keys"],
        Kind::AccessPoint | Kind::Policy | Kind::NetworkRule => &["grants"],
        Kind::Instance
        | Kind::KeyVersion
        | Kind::Due
        | Kind::DevClock
        | Kind::AuditSigningKey
        | Kind::TlsAuthority
        | Kind::IvUses
        | Kind::AuditAnchor
        | Kind::OutboxEntry
        | Kind::TrustedTime => &[],
    }
}

/// A vault with one record of each kind that a cache holds, and their ids.
struct Fixture {
    vault: Arc<Vault>,
    key: KeyId,
    version: KeyVersionId,
    alias: AliasName,
    client_key: ClientKeyId,
    access_key: AccessKeyId,
    access_point: RuleName,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
        let vault = Arc::new(Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap());
        let mut made = None;
        first_start::<ServiceError>(&vault, &Clock::default(), |first| {
            made = Some((first.client_key.record.id.clone(), first.access_key.id.clone()));
            Ok(())
        })
        .unwrap();
        let (client_key, access_key) = made.unwrap();
        let access_point = vault.list::<AccessPoint>(None, 1).unwrap().records.remove(0).record.name;
        let key = KeyId::generate().unwrap();
        let version = KeyVersionId::generate(&key).unwrap();
        let alias = AliasName::parse("alias/test").unwrap();
        let fixture = Self { vault, key, version, alias, client_key, access_key, access_point };
        let change = fixture.vault.change().create(&fixture.key()).unwrap();
        let change = change.create(&fixture.material()).unwrap().create(&fixture.alias()).unwrap();
        change.commit(Audit::NoRecord("a test")).unwrap();
        fixture
    }

    fn key(&self) -> Key {
        Key {
            id: self.key.clone(),
            spec: KeySpec::AliyunAes256,
            usage: KeyUsage::EncryptDecrypt,
            state: KeyState::Enabled,
            description: String::new(),
            creator: String::new(),
            created: Timestamp::default(),
            deletion: None,
            rotation_interval: None,
            last_rotation: Timestamp::default(),
            initial_version: self.version.clone(),
            primary_version: self.version.clone(),
            version_count: 1,
        }
    }

    fn material(&self) -> KeyMaterial {
        let (id, key) = (self.version.clone(), self.key.clone());
        let version = KeyVersion { id, key, number: 1, created: Timestamp::default() };
        KeyMaterial { version, material: SecretBytes::new(vec![7; 32]) }
    }

    fn alias(&self) -> Alias {
        Alias { name: self.alias.clone(), key: self.key.clone(), created: Timestamp::default() }
    }

    /// Caches with one entry each.
    async fn filled(&self) -> Caches {
        let caches = Caches::new(Arc::clone(&self.vault), NonZeroUsize::new(10).unwrap());
        caches.key(&self.key).await.unwrap().unwrap();
        caches.key_of_alias(&self.alias).await.unwrap().unwrap();
        caches.key_version(&self.version).await.unwrap().unwrap();
        caches.client_key(&self.client_key).await.unwrap().unwrap();
        caches.access_key(&self.access_key).await.unwrap().unwrap();
        assert_eq!(caches.grants(&self.access_point).await.unwrap().len(), 1);
        assert_eq!(self.emptied(&caches), Vec::<&str>::new());
        caches
    }

    fn emptied(&self, caches: &Caches) -> Vec<&'static str> {
        [
            ("keys", caches.keys.cached(&self.key).is_none()),
            ("aliases", caches.aliases.cached(&self.alias).is_none()),
            ("versions", caches.versions.cached(&self.version).is_none()),
            ("client keys", caches.client_keys.cached(&self.client_key).is_none()),
            ("access keys", caches.access_keys.cached(&self.access_key).is_none()),
            ("grants", caches.grants.cached(&self.access_point).is_none()),
        ]
        .into_iter()
        .filter_map(|(name, is_emptied)| is_emptied.then_some(name))
        .collect()
    }

    /// A change of a record of this kind. If a cache was filled from such a record, this is the record that changes.
    fn change_of(&self, kind: Kind) -> Change<'_> {
        fn change<'vault, R: Record>(vault: &'vault Vault, id: &R::Id) -> Change<'vault> {
            vault.change().delete_by_id::<R>(id)
        }
        let vault = self.vault.as_ref();
        match kind {
            Kind::Key => change::<Key>(vault, &self.key),
            Kind::Alias => change::<Alias>(vault, &self.alias),
            Kind::KeyMaterial => change::<KeyMaterial>(vault, &self.version),
            Kind::ClientKey => change::<ClientKey>(vault, &self.client_key),
            Kind::RevokedClientKey => change::<RevokedClientKey>(vault, &self.client_key),
            Kind::AccessKey => change::<AccessKey>(vault, &self.access_key),
            Kind::AccessPoint => change::<AccessPoint>(vault, &self.access_point),
            Kind::Policy => change::<Policy>(vault, &self.access_point),
            Kind::NetworkRule => change::<NetworkRule>(vault, &self.access_point),
            Kind::Instance => change::<Instance>(vault, &()),
            Kind::KeyVersion => vault.change().delete(&self.material().version),
            Kind::AliasOfKey => vault.change().delete(&AliasOfKey { alias: self.alias() }),
            Kind::Due => vault.change().delete(&Due { at: Timestamp::default(), key: self.key.clone() }),
            Kind::DevClock => change::<DevClock>(vault, &()),
            Kind::AuditSigningKey => change::<AuditSigningKey>(vault, &()),
            Kind::TlsAuthority => change::<TlsAuthority>(vault, &()),
            Kind::IvUses => change::<IvUses>(vault, &self.version),
            Kind::AuditAnchor => change::<AuditAnchor>(vault, &()),
            Kind::OutboxEntry => {
                let request = Intent::local("Test").unwrap().request_id;
                change::<OutboxEntry>(vault, &(Timestamp::default(), request))
            }
            Kind::TrustedTime => change::<TrustedTime>(vault, &()),
        }
    }
}

#[tokio::test]
async fn a_change_of_any_kind_of_record_empties_the_caches_that_depend_on_it_and_no_others() {
    let fixture = Fixture::new();
    for kind in Kind::ALL {
        let caches = fixture.filled().await;
        for change in fixture.change_of(kind).changes() {
            caches.apply(&change);
        }
        assert_eq!(fixture.emptied(&caches), emptied_by(kind), "{kind:?}");
    }
}
