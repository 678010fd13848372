//! Damaged records: a report of them, a check that finds them, and reads that do not need them to open.
//!
//! **Rule:** a record that does not open affects nothing else. It is noted (`unreadable.rs`), left out of listings, and an
//! error where it is read.

use claviger_base::id::KeyId;
use claviger_model::{KeyMaterial, KeyVersion};
use claviger_store::Recovered;

use crate::error::VaultError;
use crate::page::Cursor;
use crate::path;
use crate::record::alias::AliasOfKey;
use crate::record::iv_uses::IvUses;
use crate::record::{Owned, Record};
use crate::vault::Vault;

/// How many paths a report names.
const NAMED_MAX: usize = 3;

/// The damage that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DamageReport {
    /// How many records are known not to open.
    pub records: usize,
    /// The paths of the first few.
    pub first: Vec<String>,
    /// Essential records and copies that were repaired since the vault was opened.
    pub repaired: Vec<String>,
    /// Files that the store recovered since it was opened.
    pub recovered: Vec<Recovered>,
    /// A write-ahead log that was damaged when the store was opened: what became of it, and what to do.
    pub log: Option<String>,
    /// What the store could not recover, and what to do.
    pub store: Option<String>,
}

impl Vault {
    /// The damage that is known. Reads nothing.
    #[must_use]
    pub fn damage(&self) -> DamageReport {
        let condition = self.engine().condition();
        DamageReport {
            records: self.unreadable().count(),
            first: self.unreadable().first(NAMED_MAX),
            repaired: self.repaired().paths(),
            recovered: condition.recovered,
            log: condition.log,
            store: condition.damage,
        }
    }

    /// Reads all files of the store, which may take long, and recovers what is damaged.
    ///
    /// # Errors
    /// When the store fails, or the damage cannot be recovered.
    pub fn check_files(&self) -> Result<(), VaultError> {
        Ok(self.engine().check()?)
    }

    /// Checks that each of the next `limit` records opens. Returns where to continue; `None` at the end.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_records(&self, after: Option<&Cursor>, limit: usize) -> Result<Option<Cursor>, VaultError> {
        let entries = self.scan("", after, limit)?;
        for (cursor, value) in &entries {
            let path = cursor.path();
            // A copy is bound to the path of its original.
            let bound = path::original_of(&path).unwrap_or(&path);
            match self.opens(bound, value) {
                true => self.unreadable().forget(&path),
                false => self.unreadable().note(&path),
            }
        }
        Ok(entries.into_iter().nth(limit.saturating_sub(1)).map(|(last, _value)| last))
    }

    /// At most `limit` paths of records that belong to `key`: versions, their material and uses, aliases; not its own record and
    /// due date. They are found by path alone, so that damaged records are included.
    ///
    /// # Errors
    /// When the store fails.
    pub fn paths_of_key(&self, key: &KeyId, limit: usize) -> Result<Vec<String>, VaultError> {
        let mut paths = Vec::new();
        for prefix in all_of_key(key) {
            let entries = self.scan(&prefix, None, limit.saturating_sub(paths.len()))?;
            paths.extend(entries.into_iter().map(|(cursor, _value)| cursor.path()));
        }
        Ok(paths)
    }
}

/// The prefixes of all paths that belong to a key, except those of its own record and due date.
fn all_of_key(key: &KeyId) -> [String; 4] {
    let by_version = |prefix: &str| format!("{prefix}{key}-");
    let (versions, aliases) = (KeyVersion::prefix_of(key), AliasOfKey::prefix_of(key));
    [versions, by_version(KeyMaterial::PREFIX), by_version(IvUses::PREFIX), aliases]
}
