//! Destroying a key whose pending window is over, with everything that belongs to it.

use claviger_base::id::{AliasName, KeyId};
use claviger_model::{Alias, Key, KeyMaterial, KeyVersion};
use claviger_vault::{AliasOfKey, Due, IvUses, Outcome, Stored};

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::service::Service;

/// Records or paths removed in one commit. This is below the store's limit on operations, with room for preconditions and for
/// the second path of an alias.
const PER_COMMIT: usize = 24;
/// The operation in the audit log.
const DESTRUCTION: &str = "DestroyKey";
/// Why the commits before the last one have no record of their own.
const RECORDED_LAST: &str = "the commit that removes the key has the record";

impl Service {
    /// Destroys a key: versions and aliases first, the key itself and its due date last, so that the next pass of the scheduler
    /// completes an interrupted destruction. `false` on a conflict.
    pub(crate) fn destroy(&self, stored: &Stored<Key>) -> Result<bool, ServiceError> {
        let key = &stored.record;
        if let Some(due) = key.deletion {
            self.trusted.store_that_passed(due)?;
        }
        if !self.destroy_versions_and_aliases(stored)? || !self.destroy_orphans(stored)? {
            return Ok(false);
        }
        let mut change = self.vault.change().require(stored).delete(key);
        if let Some(at) = key.due() {
            change = change.delete(&Due { at, key: key.id.clone() });
        }
        let outcome = self.commit(change, &Intent::local(DESTRUCTION)?, Subject::key(&key.id))?;
        Ok(matches!(outcome, Outcome::Done(_)))
    }

    /// `false` on a conflict.
    fn destroy_versions_and_aliases(&self, stored: &Stored<Key>) -> Result<bool, ServiceError> {
        let key = &stored.record.id;
        loop {
            let versions = self.vault.list_of::<KeyVersion>(key, None, PER_COMMIT)?.records;
            let aliases = self.vault.list_of::<AliasOfKey>(key, None, PER_COMMIT / 2)?.records;
            if versions.is_empty() && aliases.is_empty() {
                return Ok(true);
            }
            let mut change = self.vault.change().require(stored);
            for version in &versions {
                let id = &version.record.id;
                change = change.delete_by_id::<KeyMaterial>(id).delete(&version.record).delete_by_id::<IvUses>(id);
            }
            for of_key in aliases.iter().map(|of_key| &of_key.record) {
                change = change.delete(&of_key.alias).delete(of_key);
            }
            if self.commit_unaudited(change, RECORDED_LAST)? == Outcome::Conflict {
                return Ok(false);
            }
        }
    }

    /// Removes versions, aliases and counts that the lists no longer lead to because a record is damaged; they are found by
    /// their paths. Otherwise damage to one record would keep the material of a destroyed key. `false` on a conflict.
    fn destroy_orphans(&self, stored: &Stored<Key>) -> Result<bool, ServiceError> {
        let key = &stored.record.id;
        loop {
            let paths = self.vault.paths_of_key(key, PER_COMMIT)?;
            if paths.is_empty() {
                return Ok(true);
            }
            let mut change = self.vault.change().require(stored).delete_paths(&paths);
            for name in paths.iter().filter_map(|path| alias_below(path, key)) {
                let alias = self.vault.get::<Alias>(&name).ok().flatten();
                if let Some(alias) = alias.filter(|alias| alias.record.key == *key) {
                    change = change.delete(&alias.record);
                }
            }
            if self.commit_unaudited(change, RECORDED_LAST)? == Outcome::Conflict {
                return Ok(false);
            }
        }
    }
}

/// The alias whose entry below `key` is stored at `path`.
fn alias_below(path: &str, key: &KeyId) -> Option<AliasName> {
    AliasName::parse(path.strip_prefix("key-alias/")?.strip_prefix(key.as_str())?.strip_prefix('/')?)
}
