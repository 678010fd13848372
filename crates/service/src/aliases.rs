//! `CreateAlias`, `DeleteAlias`, `ListAliases` (rpc-api 7.2).

use claviger_base::id::AliasName;
use claviger_model::{Alias, KeyAction};
use claviger_vault::{AliasOfKey, Cursor, Outcome};

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::key_ref::KeyRef;
use crate::paging::{PageRequest, SCAN_STEP};
use crate::retry::retry_on_conflict;
use crate::service::Service;

/// One page of aliases, by name.
#[derive(Debug, Clone)]
pub struct AliasListing {
    /// The page.
    pub aliases: Vec<Alias>,
    /// How many there are in all.
    pub total: usize,
}

impl Service {
    /// Binds a new alias to a key. Blocks, as do all functions below.
    ///
    /// # Errors
    /// Those of finding the key; [`ServiceError::State`]; [`ServiceError::AliasAlreadyExists`].
    pub fn create_alias(&self, name: &AliasName, key: &KeyRef, intent: &Intent) -> Result<Alias, ServiceError> {
        retry_on_conflict(|| {
            let stored = self.stored_key(key)?;
            stored.record.state.allows(KeyAction::CreateAlias)?;
            if self.vault.get::<Alias>(name)?.is_some() {
                return Err(ServiceError::AliasAlreadyExists);
            }
            let created = self.clock.now().whole_second();
            let alias = Alias { name: name.clone(), key: stored.record.id.clone(), created };
            // Requires the key to be unchanged, because an alias must not outlive its key.
            let change =
                self.vault.change().require(&stored).create(&alias)?.put(&AliasOfKey { alias: alias.clone() })?;
            let outcome = self.commit(change, intent, Subject::key(&alias.key).with_name(name.as_str()))?;
            Ok(matches!(outcome, Outcome::Done(_)).then_some(alias))
        })
    }

    /// Removes an alias, but not the key.
    ///
    /// # Errors
    /// [`ServiceError::AliasNotFound`].
    pub fn delete_alias(&self, name: &AliasName, intent: &Intent) -> Result<Alias, ServiceError> {
        retry_on_conflict(|| {
            let stored = self.vault.get::<Alias>(name)?.ok_or(ServiceError::AliasNotFound)?;
            let of_key = AliasOfKey { alias: stored.record.clone() };
            let change = self.vault.change().require(&stored).delete(&stored.record).delete(&of_key);
            let outcome = self.commit(change, intent, Subject::key(&stored.record.key).with_name(name.as_str()))?;
            Ok(matches!(outcome, Outcome::Done(_)).then_some(stored.record))
        })
    }

    /// The aliases.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_aliases(&self, page: PageRequest) -> Result<AliasListing, ServiceError> {
        let read = |after: Option<&Cursor>| Ok(self.vault.list::<Alias>(after, SCAN_STEP)?);
        let (aliases, total) = page.collect(read, Some)?;
        Ok(AliasListing { aliases, total })
    }
}
