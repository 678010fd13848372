//! `ListKeys` with its filters, and the paging that every listing shares (rpc-api 7.2).

use claviger_base::id::KeyId;
use claviger_model::{Key, KeySpec, KeyState, KeyUsage};
use claviger_vault::{Cursor, Page, Stored};

use crate::error::ServiceError;
use crate::service::Service;

/// How many records one read of a listing takes.
pub(crate) const SCAN_STEP: usize = 500;

/// Which page of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub number: usize,
    /// Entries on a page.
    pub size: usize,
}

/// Which keys: the values of one field are alternatives, different fields must all match. Empty: every value.
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
    /// No key can match: a filter asked only for values that no key of this server has.
    pub matches_nothing: bool,
}

/// One page of keys, by id.
#[derive(Debug, Clone)]
pub struct KeyListing {
    /// The page.
    pub keys: Vec<KeyId>,
    /// How many match in all, of those that open.
    pub total: usize,
    /// How many keys do not open, and so are neither here nor in `total`.
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

impl PageRequest {
    /// Walks a listing to its end, counts what `keep` keeps, and returns this page of it. Records that do not open are left
    /// out and not counted: nothing can be said of them, and a page that fails would hide all others.
    pub(crate) fn collect<R, T>(
        self,
        read: impl Fn(Option<&Cursor>) -> Result<Page<R>, ServiceError>,
        keep: impl Fn(R) -> Option<T>,
    ) -> Result<(Vec<T>, usize), ServiceError> {
        let first = self.number.saturating_sub(1).saturating_mul(self.size);
        let (mut kept, mut total, mut after) = (Vec::new(), 0, None);
        loop {
            let page = read(after.as_ref())?;
            for Stored { record, .. } in page.records {
                let Some(record) = keep(record) else { continue };
                if total >= first && kept.len() < self.size {
                    kept.push(record);
                }
                total += 1;
            }
            if page.next.is_none() {
                return Ok((kept, total));
            }
            after = page.next;
        }
    }
}

impl Service {
    /// The keys that match. A page past the end is empty. Blocks.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_keys(&self, filter: &KeyFilter, page: PageRequest) -> Result<KeyListing, ServiceError> {
        let now = self.trusted.now();
        let unreadable = std::cell::Cell::new(0);
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
