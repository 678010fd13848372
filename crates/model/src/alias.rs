//! Aliases: names that point to keys.

use claviger_base::Timestamp;
use claviger_base::id::{AliasName, KeyId};

/// An alias and the key it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Its name, including `alias/`.
    pub name: AliasName,
    /// The key.
    pub key: KeyId,
    /// When it was created.
    pub created: Timestamp,
}
