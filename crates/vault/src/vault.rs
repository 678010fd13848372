//! The vault: an engine, a keyring, and typed reads of any [`Record`]. Writes go through [`crate::Change`].

use std::fmt;
use std::sync::Arc;

use claviger_store::{Batch, Commit, Engine, Precondition, Revision};

use crate::barrier;
use crate::copies;
use crate::error::VaultError;
use crate::keyring::Keyring;
use crate::page::{Cursor, Page, Stored};
use crate::path;
use crate::record::{Owned, Record};
use crate::repaired::Repaired;
use crate::seal::Seal;
use crate::unreadable::Unreadable;

/// Sealed records over a store.
pub struct Vault {
    engine: Arc<dyn Engine>,
    keyring: Arc<Keyring>,
    /// The keyring as stored, sealed.
    sealed_keyring: Vec<u8>,
    unreadable: Unreadable,
    repaired: Repaired,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("engine", &self.engine).finish_non_exhaustive()
    }
}

impl Vault {
    /// Creates a vault in an empty store.
    ///
    /// # Errors
    /// [`VaultError::NotEmpty`] when the store holds one.
    pub fn create(engine: Arc<dyn Engine>, seal: &dyn Seal) -> Result<Self, VaultError> {
        let keyring = Keyring::create()?;
        let (sealed, copy) = (keyring.to_stored(seal)?, path::copy_of(path::KEYRING));
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
    /// [`VaultError::Empty`] when there is none, [`VaultError::OtherRootKey`] when it was sealed with another root key.
    pub fn open(engine: Arc<dyn Engine>, seal: &dyn Seal) -> Result<Self, VaultError> {
        let (sealed, keyring) = copies::open_keyring(engine.as_ref(), seal)?;
        Ok(Self::new(engine, keyring, sealed))
    }

    fn new(engine: Arc<dyn Engine>, keyring: Keyring, sealed_keyring: Vec<u8>) -> Self {
        let (unreadable, repaired) = (Unreadable::default(), Repaired::default());
        Self { engine, keyring: Arc::new(keyring), sealed_keyring, unreadable, repaired }
    }

    /// Whether the store holds a vault.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn exists(engine: &dyn Engine) -> Result<bool, VaultError> {
        let has = |path: &str| Ok::<_, VaultError>(engine.get(path.as_bytes())?.is_some());
        Ok(has(path::KEYRING)? || has(&path::copy_of(path::KEYRING))?)
    }

    /// The record of that id.
    ///
    /// # Errors
    /// When the store fails, or the record does not open.
    pub fn get<R: Record>(&self, id: &R::Id) -> Result<Option<Stored<R>>, VaultError> {
        let path = R::path_of(id);
        let Some(found) = self.engine.get(path.as_bytes())? else {
            self.unreadable.forget(&path);
            return Ok(None);
        };
        self.open_record(&path, &found.value, found.revision).map(Some)
    }

    /// The only record of its kind.
    ///
    /// # Errors
    /// See [`Vault::get`].
    pub fn single<R: Record<Id = ()>>(&self) -> Result<Option<Stored<R>>, VaultError> {
        self.get(&())
    }

    /// At most `limit` records of a kind after `after`, ordered by path. Those that do not open are left out.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list<R: Record>(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<R>, VaultError> {
        self.list_below(R::PREFIX, after, limit)
    }

    /// Like [`Vault::list`], but only of the records that belong to `owner`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn list_of<R: Owned>(
        &self,
        owner: &R::Owner,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<R>, VaultError> {
        self.list_below(&R::prefix_of(owner), after, limit)
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    pub(crate) fn unreadable(&self) -> &Unreadable {
        &self.unreadable
    }

    pub(crate) fn repaired(&self) -> &Repaired {
        &self.repaired
    }

    pub(crate) fn sealed_keyring(&self) -> &[u8] {
        &self.sealed_keyring
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring)
    }

    /// The stored values whose paths begin with this prefix, unopened, each with a cursor to its path.
    pub(crate) fn scan(
        &self,
        prefix: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Vec<u8>)>, VaultError> {
        let entries = self.engine.scan(prefix.as_bytes(), after.map(Cursor::key), limit)?;
        Ok(entries.into_iter().map(|entry| (Cursor::after_key(entry.key), entry.value)).collect())
    }

    fn list_below<R: Record>(&self, prefix: &str, after: Option<&Cursor>, limit: usize) -> Result<Page<R>, VaultError> {
        let entries = self.engine.scan(prefix.as_bytes(), after.map(Cursor::key), limit)?;
        let is_full = entries.len() == limit;
        let next = entries.last().filter(|_| is_full).map(|last| Cursor::after_key(last.key.clone()));
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

    /// Opens stored bytes. Every read goes through here, so that every record that does not open is noted.
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
