//! The notice that a record changes. It comes from a change that is about to be committed, or from a watch of all commits. A
//! cache handles both with one function.

use crate::record::Record;

/// A record is written or removed. Its new content must be read from the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    path: String,
}

impl RecordChange {
    /// A change of the value at `path`.
    pub(crate) fn at(path: String) -> Self {
        Self { path }
    }

    /// The id of the record, if it is an `R`.
    #[must_use]
    pub fn id<R: Record>(&self) -> Option<R::Id> {
        R::id_of(&self.path)
    }
}
