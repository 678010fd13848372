//! What reads return: records with their revisions, and pages of them.

use claviger_store::Revision;

use crate::record::Record;

/// A record as read, with the revision it was written at.
#[derive(Debug, Clone)]
pub struct Stored<R> {
    /// The record.
    pub record: R,
    /// When it was written.
    pub revision: Revision,
}

/// A place to continue a listing from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Vec<u8>);

impl Cursor {
    /// Behind the record of that id, whether it exists or not.
    #[must_use]
    pub fn behind<R: Record>(id: &R::Id) -> Self {
        Self(R::path_of(id).into_bytes())
    }

    /// Behind this key of the store.
    pub(crate) fn behind_key(key: Vec<u8>) -> Self {
        Self(key)
    }

    /// The key of the store that it stands at.
    pub(crate) fn key(&self) -> &[u8] {
        &self.0
    }

    /// The path it stands at.
    pub(crate) fn path(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page<R> {
    /// The records, in the order of their paths.
    pub records: Vec<Stored<R>>,
    /// Paths on this page of records that do not open. The vault has noted them ([`crate::Vault::damage`]); a listing goes on
    /// without them.
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
