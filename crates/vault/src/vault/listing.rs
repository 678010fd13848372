//! The listings of a vault, a page at a time.

use claviger_base::Timestamp;
use claviger_base::id::{ClientKeyId, KeyId};

use super::{Cursor, Page, Vault};
use crate::error::VaultError;
use crate::path;
use crate::record::{
    AccessKey, AccessPoint, Alias, AliasOfKey, ClientKey, Due, KeyVersionOfKey, NetworkRule, OutboxEntry, Policy,
    RevokedClientKey, StoredKey,
};

impl Vault {
    /// Application access points by name.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn access_points(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<AccessPoint>, VaultError> {
        self.list(path::ACCESS_POINTS, after, limit)
    }

    /// Policies by name.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn policies(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<Policy>, VaultError> {
        self.list(path::POLICIES, after, limit)
    }

    /// Network rules by name.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn network_rules(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<NetworkRule>, VaultError> {
        self.list(path::NETWORK_RULES, after, limit)
    }

    /// Keys by id.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn keys(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<StoredKey>, VaultError> {
        self.list(path::KEYS, after, limit)
    }

    /// Aliases by name.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn aliases(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<Alias>, VaultError> {
        self.list(path::ALIASES, after, limit)
    }

    /// The aliases of `key` by name.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn aliases_of_key(
        &self,
        key: &KeyId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<AliasOfKey>, VaultError> {
        self.list(&path::aliases_of_key(key), after, limit)
    }

    /// The versions of `key`, oldest first.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn key_versions_of_key(
        &self,
        key: &KeyId,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<KeyVersionOfKey>, VaultError> {
        self.list(&path::key_versions_of_key(key), after, limit)
    }

    /// Client keys by id.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn client_keys(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<ClientKey>, VaultError> {
        self.list(path::CLIENT_KEYS, after, limit)
    }

    /// What the audit log must still be told, oldest first.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn outbox(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<OutboxEntry>, VaultError> {
        self.list(path::OUTBOX, after, limit)
    }

    /// Access keys by id.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn access_keys(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<AccessKey>, VaultError> {
        self.list(path::ACCESS_KEYS, after, limit)
    }

    /// What is kept of revoked client keys, by id, from behind `after` on.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn revoked_client_keys(
        &self,
        after: Option<&ClientKeyId>,
        limit: usize,
    ) -> Result<Page<RevokedClientKey>, VaultError> {
        let after = after.map(|id| Cursor(path::revoked_client_key(id).into_bytes()));
        self.list(path::REVOKED_CLIENT_KEYS, after.as_ref(), limit)
    }

    /// Due dates that have come at `now`, earliest first.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn due_at(&self, now: Timestamp, after: Option<&Cursor>, limit: usize) -> Result<Page<Due>, VaultError> {
        let mut page = self.list::<Due>(path::DUE, after, limit)?;
        let read = page.records.len();
        page.records.retain(|due| due.record.at <= now);
        page.next = page.next.filter(|_| page.records.len() == read);
        Ok(page)
    }
}
