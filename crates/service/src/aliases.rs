//! `CreateAlias`, `DeleteAlias`, `ListAliases` (rpc-api 7.2).

use claviger_base::id::AliasName;
use claviger_model::{Alias, KeyAction};
use claviger_vault::{AliasOfKey, Cursor, Outcome};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::key_ref::KeyRef;
use crate::keys::list::{PageRequest, SCAN_STEP};
use crate::retry::until_done;
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
    /// Binds a new alias to a key. Blocks, as all below.
    ///
    /// # Errors
    /// The key and its state; [`ServiceError::AliasAlreadyExists`].
    pub fn create_alias(&self, name: &AliasName, key: &KeyRef, intent: &Intent) -> Result<Alias, ServiceError> {
        until_done(|| {
            let stored = self.stored_key(key)?;
            stored.record.state.allows(KeyAction::CreateAlias)?;
            if self.vault.get::<Alias>(name)?.is_some() {
                return Err(ServiceError::AliasAlreadyExists);
            }
            let created = self.clock.now().whole_second();
            let alias = Alias { name: name.clone(), key: stored.record.id.clone(), created };
            // The key is required unchanged: no alias may outlive it.
            let change =
                self.vault.change().require(&stored).create(&alias)?.put(&AliasOfKey { alias: alias.clone() })?;
            let outcome = self.commit(change, intent, Changed::key(&alias.key).with_name(name.as_str()))?;
            Ok(matches!(outcome, Outcome::Done(_)).then_some(alias))
        })
    }

    /// Removes an alias; its key stays.
    ///
    /// # Errors
    /// [`ServiceError::AliasNotFound`].
    pub fn delete_alias(&self, name: &AliasName, intent: &Intent) -> Result<Alias, ServiceError> {
        until_done(|| {
            let stored = self.vault.get::<Alias>(name)?.ok_or(ServiceError::AliasNotFound)?;
            let of_key = AliasOfKey { alias: stored.record.clone() };
            let change = self.vault.change().require(&stored).delete(&stored.record).delete(&of_key);
            let outcome = self.commit(change, intent, Changed::key(&stored.record.key).with_name(name.as_str()))?;
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
