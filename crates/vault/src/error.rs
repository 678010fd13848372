//! Errors of the vault. No variant carries a stored byte.

use std::fmt;

use claviger_base::random::RandomUnavailable;
use claviger_store::StoreError;

use crate::seal::{SealError, SealId};

/// Why the vault failed.
#[derive(Debug)]
pub enum VaultError {
    /// The store refused or failed.
    Store(StoreError),
    /// The seal failed.
    Seal(SealError),
    /// The store was sealed with another root key.
    OtherRootKey {
        /// The root key that opens this store.
        expected: SealId,
        /// The root key that was given.
        given: SealId,
    },
    /// A record cannot be opened: it was altered or moved, or belongs to another store.
    Unreadable {
        /// Its path.
        path: String,
    },
    /// The store holds no Claviger data yet.
    Empty,
    /// The store holds Claviger data already.
    NotEmpty,
    /// The operating system gave no random bytes.
    Random,
    /// The crypto library failed to seal. With keys of the right length this does not happen.
    SealingFailed,
}

impl VaultError {
    /// Whether the failure concerns one record only.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable { .. })
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "{error}"),
            Self::Seal(error) => write!(f, "{error}"),
            Self::OtherRootKey { expected, given } => write!(
                f,
                "this store is sealed by root key {expected}, but root key {given} was given; use the root key file this store was made with"
            ),
            Self::Unreadable { path } => write!(
                f,
                "the record {path} does not open: it was altered, moved, or belongs to another store; restore the store from a backup"
            ),
            Self::Empty => f.write_str("this store holds no Claviger data yet; run `claviger init` first"),
            Self::NotEmpty => f.write_str("this store already holds Claviger data; choose an empty directory"),
            Self::Random => write!(f, "{RandomUnavailable}"),
            Self::SealingFailed => f.write_str("the crypto library refused to seal a record"),
        }
    }
}

impl std::error::Error for VaultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::Seal(error) => Some(error),
            Self::OtherRootKey { .. }
            | Self::Unreadable { .. }
            | Self::Empty
            | Self::NotEmpty
            | Self::Random
            | Self::SealingFailed => None,
        }
    }
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SealError> for VaultError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl From<RandomUnavailable> for VaultError {
    fn from(_: RandomUnavailable) -> Self {
        Self::Random
    }
}
