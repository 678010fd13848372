//! Damaged records: what is known of them, a pass that looks for them, and ways around them.
//!
//! **Rule:** one record that does not open concerns nothing but itself. It is noted ([`crate::unreadable`]), left out of
//! listings, and refused where it is asked for.

use claviger_base::id::KeyId;
use claviger_store::Recovered;

use crate::error::VaultError;
use crate::path;
use crate::record::Due;
use crate::vault::{Cursor, Stored, Vault};

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
    pub mended: Vec<String>,
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
            mended: self.mended().paths(),
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
            let bound = path::spared(&path).unwrap_or(&path);
            match self.opens(bound, value) {
                true => self.unreadable().forget(&path),
                false => self.unreadable().note(&path),
            }
        }
        Ok(entries.into_iter().nth(limit.saturating_sub(1)).map(|(last, _value)| last))
    }

    /// The due date of `key` that should lie there.
    ///
    /// # Errors
    /// See [`Vault::key`].
    pub fn due(&self, due: &Due) -> Result<Option<Stored<Due>>, VaultError> {
        self.read(&path::due(due.at, &due.key))
    }

    /// Where something of `key` lies beside its own record and due date: versions, their places, uses, aliases. By path
    /// alone, so that a record that does not open is not forgotten. At most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn paths_of_key(&self, key: &KeyId, limit: usize) -> Result<Vec<String>, VaultError> {
        let mut paths = Vec::new();
        for prefix in path::all_of_key(key) {
            let entries = self.scan(&prefix, None, limit.saturating_sub(paths.len()))?;
            paths.extend(entries.into_iter().map(|(cursor, _value)| cursor.path()));
        }
        Ok(paths)
    }
}
