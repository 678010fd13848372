//! Damaged records: what is known of them, a pass that looks for them, and ways around them.
//!
//! **Rule:** one record that does not open concerns nothing but itself. It is noted ([`crate::unreadable`]), left out of
//! listings, and refused where it is asked for.

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

/// What is damaged, as far as it was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DamageReport {
    /// How many records do not open; some may not have been read yet.
    pub records: usize,
    /// The first of them.
    pub first: Vec<String>,
    /// Needed records and copies of them that were damaged or missing and were restored since the vault was opened.
    pub repaired: Vec<String>,
    /// Files that the store recovered since it was opened.
    pub recovered: Vec<Recovered>,
    /// What became of a write-ahead log that was damaged when the store was opened, and what to do.
    pub log: Option<String>,
    /// What the store could not recover, and what to do.
    pub store: Option<String>,
}

impl Vault {
    /// What is damaged, as far as it was met; costs nothing.
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

    /// Reads the store's files through, however long it takes; what is damaged is recovered.
    ///
    /// # Errors
    /// When the store fails otherwise, or what is damaged could not be recovered.
    pub fn check_files(&self) -> Result<(), VaultError> {
        Ok(self.engine().check()?)
    }

    /// Looks whether each of the next `limit` records opens. Where to go on; `None` at the end.
    ///
    /// # Errors
    /// When the store fails.
    pub fn check_records(&self, after: Option<&Cursor>, limit: usize) -> Result<Option<Cursor>, VaultError> {
        let entries = self.scan("", after, limit)?;
        for (cursor, value) in &entries {
            let path = cursor.path();
            // A copy is bound to the path of what it is a copy of.
            let bound = path::original_of(&path).unwrap_or(&path);
            match self.opens(bound, value) {
                true => self.unreadable().forget(&path),
                false => self.unreadable().note(&path),
            }
        }
        Ok(entries.into_iter().nth(limit.saturating_sub(1)).map(|(last, _value)| last))
    }

    /// Where something of `key` lies beside its own record and due date: versions, their places, uses, aliases. By path
    /// alone, so that a record that does not open is not forgotten. At most `limit`.
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

/// How the paths of everything that belongs to a key begin, but for its own record and due date.
fn all_of_key(key: &KeyId) -> [String; 4] {
    let by_version = |prefix: &str| format!("{prefix}{key}-");
    let (versions, aliases) = (KeyVersion::prefix_of(key), AliasOfKey::prefix_of(key));
    [versions, by_version(KeyMaterial::PREFIX), by_version(IvUses::PREFIX), aliases]
}
