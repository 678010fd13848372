//! Notice that a record changes, from a change that is to be committed or from a watch of all commits. A cache handles both with
//! one function.

use crate::record::Record;

/// A record is written or removed. What it holds afterwards is read from the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    path: String,
}

impl RecordChange {
    /// A change of what is stored at `path`.
    pub(crate) fn at(path: String) -> Self {
        Self { path }
    }

    /// The id of the record, if it is an `R`.
    #[must_use]
    pub fn id<R: Record>(&self) -> Option<R::Id> {
        R::id_of(&self.path)
    }
}
