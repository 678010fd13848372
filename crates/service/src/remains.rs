//! What is left of a key when its lists have been emptied: versions, aliases and counts that a damaged row no longer leads
//! to. A destroyed key's material must not stay because something beside it was damaged.

use claviger_base::id::{AliasName, KeyId, KeyVersionId};
use claviger_model::{Alias, Key};
use claviger_vault::{Audit, Outcome, Stored};

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
            let aliases: Vec<AliasName> = paths.iter().filter_map(|path| alias(path, key)).collect();
            for name in &aliases {
                if let Some(alias) =
                    self.vault.get::<Alias>(name).ok().flatten().filter(|alias| alias.record.key == *key)
                {
                    change = change.delete(&alias.record);
                }
            }
            let outcome = change.commit(Audit::NoRecord("the record goes with the commit that removes the key"));
            aliases.iter().for_each(|name| self.forget_alias(name));
            paths.iter().filter_map(|path| version(path)).for_each(|version| self.forget_version(&version));
            if outcome? == Outcome::Conflict {
                return Ok(false);
            }
        }
    }
}

fn alias(path: &str, key: &KeyId) -> Option<AliasName> {
    AliasName::parse(path.strip_prefix("key-alias/")?.strip_prefix(key.as_str())?.strip_prefix('/')?)
}

fn version(path: &str) -> Option<KeyVersionId> {
    KeyVersionId::parse(path.strip_prefix("version/")?)
}
