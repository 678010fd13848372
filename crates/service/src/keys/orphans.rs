//! What is left of a key when its lists have been emptied: versions, aliases and counts that a damaged row no longer leads
//! to. A destroyed key's material must not stay because something beside it was damaged.

use claviger_base::id::{AliasName, KeyId};
use claviger_model::{Alias, Key};
use claviger_vault::{Outcome, Stored};

use crate::error::ServiceError;
use crate::service::Service;

/// Paths removed by one commit; an alias takes two.
const PER_COMMIT: usize = 24;

impl Service {
    /// Removes everything that is still found by its path. `false`: somebody changed the key first.
    pub(crate) fn destroy_remains(&self, stored: &Stored<Key>) -> Result<bool, ServiceError> {
        let key = &stored.record.id;
        loop {
            let paths = self.vault.paths_of_key(key, PER_COMMIT)?;
            if paths.is_empty() {
                return Ok(true);
            }
            let mut change = self.vault.change().require(stored).delete_paths(&paths);
            for name in paths.iter().filter_map(|path| alias(path, key)) {
                let alias = self.vault.get::<Alias>(&name).ok().flatten();
                if let Some(alias) = alias.filter(|alias| alias.record.key == *key) {
                    change = change.delete(&alias.record);
                }
            }
            let reason = "the commit that removes the key has the record";
            if self.commit_unaudited(change, reason)? == Outcome::Conflict {
                return Ok(false);
            }
        }
    }
}

fn alias(path: &str, key: &KeyId) -> Option<AliasName> {
    AliasName::parse(path.strip_prefix("key-alias/")?.strip_prefix(key.as_str())?.strip_prefix('/')?)
}
