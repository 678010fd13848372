//! The vault: an engine, a keyring, and typed reads. Writes go through [`Change`].

mod listing;

use std::fmt;
use std::sync::Arc;

use claviger_base::id::{AccessKeyId, AliasName, ClientKeyId, KeyId, KeyVersionId, RuleName};
use claviger_store::{Batch, Commit, Engine, Precondition, Revision};

use crate::barrier;
use crate::change::Change;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::path;
use crate::record::{
    AccessKey, AccessPoint, Alias, AuditAnchor, AuditSigningKey, ClientKey, DevClock, InstanceRecord, IvUses,
    NetworkRule, Policy, Record, RevokedClientKey, StoredKey, StoredKeyVersion, StoredTrustedTime, TlsAuthority,
};
use crate::seal::Seal;
use crate::spare::{self, Mended};
use crate::unreadable::Unreadable;

/// A record as read, with the revision it was written at.
#[derive(Debug, Clone)]
pub struct Stored<R> {
    /// The record.
    pub record: R,
    /// When it was written.
    pub revision: Revision,
}

/// A place to continue a listing from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// The path it stands at.
    pub(crate) fn path(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page<R> {
    /// The records, in the order of their paths.
    pub records: Vec<Stored<R>>,
    /// Paths on this page of records that do not open. The vault has noted them ([`Vault::damage`]); a listing goes on
    /// without them.
    pub unreadable: Vec<String>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// Sealed records over a store.
pub struct Vault {
    engine: Arc<dyn Engine>,
    keyring: Arc<Keyring>,
    /// As it is stored, sealed.
    sealed_keyring: Vec<u8>,
    unreadable: Unreadable,
    mended: Mended,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes a new vault in an empty store.
    ///
    /// # Errors
    /// [`VaultError::NotEmpty`] when there is one already.
    pub fn create(engine: Arc<dyn Engine>, seal: &dyn Seal) -> Result<Self, VaultError> {
        let keyring = Keyring::create()?;
        let (sealed, copy) = (keyring.to_stored(seal)?, path::spare(path::KEYRING));
        let batch = Batch::new()
            .require(path::KEYRING.as_bytes(), Precondition::Absent)
            .require(copy.as_bytes(), Precondition::Absent)
            .put(path::KEYRING.as_bytes(), sealed.clone())
            .put(copy.as_bytes(), sealed.clone());
        match engine.commit(batch)? {
            Commit::Done(_) => Ok(Self::new(engine, keyring, sealed)),
            Commit::Conflict { .. } => Err(VaultError::NotEmpty),
        }
    }

    /// Opens the vault in a store.
    ///
    /// # Errors
    /// [`VaultError::Empty`] when there is none, [`VaultError::OtherRootKey`] when another root key sealed it.
    pub fn open(engine: Arc<dyn Engine>, seal: &dyn Seal) -> Result<Self, VaultError> {
        let (sealed, keyring) = spare::open_keyring(engine.as_ref(), seal)?;
        Ok(Self::new(engine, keyring, sealed))
    }

    fn new(engine: Arc<dyn Engine>, keyring: Keyring, sealed_keyring: Vec<u8>) -> Self {
        let (unreadable, mended) = (Unreadable::default(), Mended::default());
        Self { engine, keyring: Arc::new(keyring), sealed_keyring, unreadable, mended }
    }

    /// Whether the store holds a vault.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn exists(engine: &dyn Engine) -> Result<bool, VaultError> {
        let has = |path: &str| Ok::<_, VaultError>(engine.get(path.as_bytes())?.is_some());
        Ok(has(path::KEYRING)? || has(&path::spare(path::KEYRING))?)
    }

    /// Begins a change.
    #[must_use]
    pub fn change(&self) -> Change<'_> {
        Change::new(self)
    }

    /// The key `id`.
    ///
    /// # Errors
    /// When the store fails or the record does not open; likewise all reads below.
    pub fn key(&self, id: &KeyId) -> Result<Option<Stored<StoredKey>>, VaultError> {
        self.read(&path::key(id))
    }

    /// The key version `id`, with its material.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn key_version(&self, id: &KeyVersionId) -> Result<Option<Stored<StoredKeyVersion>>, VaultError> {
        self.read(&path::key_version(id))
    }

    /// The alias `name`.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn alias(&self, name: &AliasName) -> Result<Option<Stored<Alias>>, VaultError> {
        self.read(&path::alias(name))
    }

    /// The client key `id`.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn client_key(&self, id: &ClientKeyId) -> Result<Option<Stored<ClientKey>>, VaultError> {
        self.read(&path::client_key(id))
    }

    /// What is kept of the client key `id` since it was revoked, if it was.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn revoked_client_key(&self, id: &ClientKeyId) -> Result<Option<Stored<RevokedClientKey>>, VaultError> {
        self.read(&path::revoked_client_key(id))
    }

    /// The access key `id`.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn access_key(&self, id: &AccessKeyId) -> Result<Option<Stored<AccessKey>>, VaultError> {
        self.read(&path::access_key(id))
    }

    /// The instance.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn instance(&self) -> Result<Option<Stored<InstanceRecord>>, VaultError> {
        self.read(path::INSTANCE)
    }

    /// How far business time was moved.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn dev_clock(&self) -> Result<Option<Stored<DevClock>>, VaultError> {
        self.read(path::DEV_CLOCK)
    }

    /// The time by which keys are destroyed; `None` before a server that knows of it has stored it.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn trusted_time(&self) -> Result<Option<Stored<StoredTrustedTime>>, VaultError> {
        self.read(path::TRUSTED_TIME)
    }

    /// The key that signs audit checkpoints.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn audit_signing_key(&self) -> Result<Option<Stored<AuditSigningKey>>, VaultError> {
        self.read(path::AUDIT_SIGNING_KEY)
    }

    /// How far the audit log has got.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn audit_anchor(&self) -> Result<Option<Stored<AuditAnchor>>, VaultError> {
        self.read(path::AUDIT_ANCHOR)
    }

    /// The certificate authority.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn tls_authority(&self) -> Result<Option<Stored<TlsAuthority>>, VaultError> {
        self.read(path::TLS_AUTHORITY)
    }

    /// How often the key version `id` has sealed; `None` when never.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn iv_uses(&self, id: &KeyVersionId) -> Result<Option<Stored<IvUses>>, VaultError> {
        self.read(&path::iv_uses(id))
    }

    /// The application access point `name`.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn access_point(&self, name: &RuleName) -> Result<Option<Stored<AccessPoint>>, VaultError> {
        self.read(&path::access_point(name))
    }

    /// The policy `name`.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn policy(&self, name: &RuleName) -> Result<Option<Stored<Policy>>, VaultError> {
        self.read(&path::policy(name))
    }

    /// The network rule `name`.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn network_rule(&self, name: &RuleName) -> Result<Option<Stored<NetworkRule>>, VaultError> {
        self.read(&path::network_rule(name))
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    pub(crate) fn unreadable(&self) -> &Unreadable {
        &self.unreadable
    }

    pub(crate) fn mended(&self) -> &Mended {
        &self.mended
    }

    pub(crate) fn sealed_keyring(&self) -> &[u8] {
        &self.sealed_keyring
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring)
    }

    /// What lies under a prefix, unopened: where, and the stored bytes.
    pub(crate) fn scan(
        &self,
        prefix: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Vec<u8>)>, VaultError> {
        let entries = self.engine.scan(prefix.as_bytes(), after.map(|cursor| cursor.0.as_slice()), limit)?;
        Ok(entries.into_iter().map(|entry| (Cursor(entry.key), entry.value)).collect())
    }

    pub(crate) fn read<R: Record>(&self, path: &str) -> Result<Option<Stored<R>>, VaultError> {
        let Some(record) = self.engine.get(path.as_bytes())? else {
            self.unreadable.forget(path);
            return Ok(None);
        };
        self.open_record(path, &record.value, record.revision).map(Some)
    }

    fn list<R: Record>(&self, prefix: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<R>, VaultError> {
        let entries = self.engine.scan(prefix.as_bytes(), after.map(|cursor| cursor.0.as_slice()), limit)?;
        let is_full = entries.len() == limit;
        let next = entries.last().filter(|_| is_full).map(|last| Cursor(last.key.clone()));
        let mut page = Page { records: Vec::with_capacity(entries.len()), unreadable: Vec::new(), next };
        for entry in entries {
            let path = String::from_utf8_lossy(&entry.key);
            match self.open_record(&path, &entry.value, entry.revision) {
                Ok(record) => page.records.push(record),
                Err(VaultError::Unreadable { path }) => page.unreadable.push(path),
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    /// The one way from stored bytes to a record; those that do not open are noted here.
    fn open_record<R: Record>(&self, path: &str, stored: &[u8], revision: Revision) -> Result<Stored<R>, VaultError> {
        let opened = barrier::open(&self.keyring, path, R::KIND, stored)
            .and_then(|payload| R::decode(&payload).ok_or_else(|| VaultError::Unreadable { path: path.to_owned() }));
        match &opened {
            Ok(_sound) => self.unreadable.forget(path),
            Err(_does_not_open) => self.unreadable.note(path),
        }
        opened.map(|record| Stored { record, revision })
    }
}
