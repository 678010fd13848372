//! What reads return: records with their revisions, and pages of them.

use claviger_store::Revision;

use crate::record::Record;

/// A record as read, with the revision it was written at.
#[derive(Debug, Clone)]
pub struct Stored<R> {
    /// The record.
    pub record: R,
    /// The commit that wrote it.
    pub revision: Revision,
}

/// The point at which a listing continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// After the record of that id, whether it exists or not.
    #[must_use]
    pub fn after<R: Record>(id: &R::Id) -> Self {
        Self(R::path_of(id).into_bytes())
    }

    /// After this key of the store.
    pub(crate) fn after_key(key: Vec<u8>) -> Self {
        Self(key)
    }

    /// The key of the store after which the listing continues.
    pub(crate) fn key(&self) -> &[u8] {
        &self.0
    }

    /// The path after which the listing continues.
    pub(crate) fn path(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page<R> {
    /// The records, in the order of their paths.
    pub records: Vec<Stored<R>>,
    /// The paths of records on this page that do not open. The vault has noted them ([`crate::Vault::damage`]).
    pub unreadable: Vec<String>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

impl<R> Page<R> {
    /// The page up to the first record that fails `test`; the listing ends there.
    #[must_use]
    pub fn while_all(mut self, test: impl Fn(&R) -> bool) -> Self {
        if let Some(end) = self.records.iter().position(|stored| !test(&stored.record)) {
            self.records.truncate(end);
            self.next = None;
        }
        self
    }
}
