//! `ListKeys` with its filters (rpc-api 7.2).

use std::cell::Cell;

use claviger_base::id::KeyId;
use claviger_model::{Key, KeySpec, KeyState, KeyUsage};
use claviger_vault::Cursor;

use crate::error::ServiceError;
use crate::paging::{PageRequest, SCAN_STEP};
use crate::service::Service;

/// Which keys to list. A key matches a field if it has one of the field's values, and it must match every field. An empty field
/// matches all keys.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// `KeyState`.
    pub states: Vec<KeyState>,
    /// `KeySpec`.
    pub specs: Vec<KeySpec>,
    /// `KeyUsage`.
    pub usages: Vec<KeyUsage>,
    /// `KeyId`.
    pub ids: Vec<KeyId>,
    /// No key can match: a filter has only values that no key of this server has.
    pub matches_nothing: bool,
}

/// One page of keys, by id.
#[derive(Debug, Clone)]
pub struct KeyListing {
    /// The page.
    pub keys: Vec<KeyId>,
    /// How many readable keys match in all.
    pub total: usize,
    /// How many keys cannot be read; they are neither on a page nor in `total`.
    pub unreadable: usize,
}

impl KeyFilter {
    fn matches(&self, key: &Key) -> bool {
        fn one_of<T: PartialEq>(allowed: &[T], value: &T) -> bool {
            allowed.is_empty() || allowed.contains(value)
        }
        !self.matches_nothing
            && one_of(&self.states, &key.state)
            && one_of(&self.specs, &key.spec)
            && one_of(&self.usages, &key.usage)
            && one_of(&self.ids, &key.id)
    }
}

impl Service {
    /// The keys that match. A page past the end is empty. Blocks.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_keys(&self, filter: &KeyFilter, page: PageRequest) -> Result<KeyListing, ServiceError> {
        let now = self.trusted.now();
        let unreadable = Cell::new(0);
        let read = |after: Option<&Cursor>| {
            let page = self.vault.list::<Key>(after, SCAN_STEP)?;
            unreadable.set(unreadable.get() + page.unreadable.len());
            Ok(page)
        };
        let keep = |key: Key| (filter.matches(&key) && !key.is_destruction_due_at(now)).then_some(key.id);
        let (keys, total) = page.collect(read, keep)?;
        Ok(KeyListing { keys, total, unreadable: unreadable.get() })
    }
}
