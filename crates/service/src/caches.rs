//! The records that this process keeps in memory: how each cache is filled, and which changes empty it.
//!
//! **Invariant:** nothing that leaves a cache is older than the last change that was passed to [`Caches::apply`].
//! `Service::apply` passes it every change that this process commits. A watch of the store, which reports changes of
//! other processes, can use the same function.

mod cache;
pub(crate) mod client_key;
mod grants;

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;

use claviger_base::id::{AccessKeyId, AliasName, ClientKeyId, KeyId, KeyVersionId, RuleName};
use claviger_model::{
    AccessKey, AccessPoint, Alias, ClientKey, Grant, Key, KeyMaterial, NetworkRule, Policy, RevokedClientKey,
};
use claviger_vault::{AliasOfKey, RecordChange, Vault};

use self::cache::Cache;
use self::client_key::PreparedClientKey;
use crate::error::ServiceError;
use crate::key_material::{self, UnsealedVersion};

/// All caches, each with its own limit.
#[derive(Debug)]
pub(crate) struct Caches {
    vault: Arc<Vault>,
    keys: Arc<Cache<KeyId, Key>>,
    aliases: Arc<Cache<AliasName, KeyId>>,
    versions: Arc<Cache<KeyVersionId, UnsealedVersion>>,
    client_keys: Arc<Cache<ClientKeyId, PreparedClientKey>>,
    access_keys: Arc<Cache<AccessKeyId, AccessKey>>,
    /// By the name of the application access point.
    grants: Arc<Cache<RuleName, Vec<Grant>>>,
}

impl Caches {
    /// Empty caches of at most `capacity` entries each.
    pub(crate) fn new(vault: Arc<Vault>, capacity: NonZeroUsize) -> Self {
        Self {
            vault,
            keys: Arc::new(Cache::new(capacity)),
            aliases: Arc::new(Cache::new(capacity)),
            versions: Arc::new(Cache::new(capacity)),
            client_keys: Arc::new(Cache::new(capacity)),
            access_keys: Arc::new(Cache::new(capacity)),
            grants: Arc::new(Cache::new(capacity)),
        }
    }

    /// Drops every entry that was read from the changed record.
    pub(crate) fn apply(&self, change: &RecordChange) {
        if let Some(id) = change.id::<Key>() {
            self.keys.forget(&id);
        }
        // Destruction finds an alias by its path below the key if the alias itself cannot be read any more.
        if let Some(name) = change.id::<Alias>().or_else(|| change.id::<AliasOfKey>().map(|(_key, name)| name)) {
            self.aliases.forget(&name);
        }
        if let Some(id) = change.id::<KeyMaterial>() {
            self.versions.forget(&id);
        }
        if let Some(id) = change.id::<ClientKey>().or_else(|| change.id::<RevokedClientKey>()) {
            self.client_keys.forget(&id);
        }
        if let Some(id) = change.id::<AccessKey>() {
            self.access_keys.forget(&id);
        }
        let is_grant = change.id::<AccessPoint>().is_some()
            || change.id::<Policy>().is_some()
            || change.id::<NetworkRule>().is_some();
        if is_grant {
            // Several access points may share a policy or a rule.
            self.grants.clear();
        }
    }

    /// The key `id`.
    pub(crate) async fn key(&self, id: &KeyId) -> Result<Option<Arc<Key>>, ServiceError> {
        self.get(&self.keys, id, |vault, id| Ok(vault.get::<Key>(id)?.map(|stored| stored.record))).await
    }

    /// The id of the key to which the alias is bound.
    pub(crate) async fn key_of_alias(&self, name: &AliasName) -> Result<Option<Arc<KeyId>>, ServiceError> {
        self.get(&self.aliases, name, |vault, name| Ok(vault.get::<Alias>(name)?.map(|stored| stored.record.key))).await
    }

    /// The key version `id`, unsealed.
    pub(crate) async fn key_version(&self, id: &KeyVersionId) -> Result<Option<Arc<UnsealedVersion>>, ServiceError> {
        self.get(&self.versions, id, key_material::unseal).await
    }

    /// The client key `id`, even if it was revoked.
    pub(crate) async fn client_key(&self, id: &ClientKeyId) -> Result<Option<Arc<PreparedClientKey>>, ServiceError> {
        self.get(&self.client_keys, id, client_key::prepare).await
    }

    /// The access key `id`.
    pub(crate) async fn access_key(&self, id: &AccessKeyId) -> Result<Option<Arc<AccessKey>>, ServiceError> {
        self.get(&self.access_keys, id, |vault, id| Ok(vault.get::<AccessKey>(id)?.map(|stored| stored.record))).await
    }

    /// What the application access point grants: nothing, if there is none of that name.
    pub(crate) async fn grants(&self, access_point: &RuleName) -> Result<Arc<Vec<Grant>>, ServiceError> {
        let grants = self.get(&self.grants, access_point, |vault, name| grants::load(vault, name).map(Some)).await?;
        Ok(grants.unwrap_or_default())
    }

    async fn get<K, V>(
        &self,
        cache: &Arc<Cache<K, V>>,
        id: &K,
        load: fn(&Vault, &K) -> Result<Option<V>, ServiceError>,
    ) -> Result<Option<Arc<V>>, ServiceError>
    where
        K: Hash + Eq + Clone + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        let vault = Arc::clone(&self.vault);
        cache.get_or_load(id, move |id| load(&vault, id)).await
    }
}

#[cfg(test)]
mod tests;
