//! Which engine keeps the store, and how it is opened: the only file that knows the engines by name.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::contract::Engine;
use crate::error::StoreError;
use crate::sqlite::SqliteEngine;

/// Where the store is, and so which engine keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreConfig {
    /// In files of this directory, owned by one process at a time.
    Embedded {
        /// The directory. It must exist.
        directory: PathBuf,
    },
}

impl StoreConfig {
    /// The store in files of this directory.
    #[must_use]
    pub fn embedded(directory: impl Into<PathBuf>) -> Self {
        Self::Embedded { directory: directory.into() }
    }

    /// Whether there is a store. A store that this user cannot access counts, too.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::Embedded { directory } => SqliteEngine::exists(directory),
        }
    }

    /// The files of the store that exist, for checks of their permissions; empty if the engine keeps no files on this machine.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::Embedded { directory } => SqliteEngine::files(directory),
        }
    }
}

/// The store's name for an operator.
impl fmt::Display for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded { .. } => f.write_str(SqliteEngine::FILE_NAME),
        }
    }
}

/// Opens the store; makes an empty one if there is none.
///
/// # Errors
/// [`StoreError::InUse`] when another process (or this one) has it open; [`StoreError::NotAStore`], [`StoreError::Newer`],
/// [`StoreError::Unusable`], [`StoreError::Full`], [`StoreError::NotRecovered`].
pub fn open(config: &StoreConfig) -> Result<Arc<dyn Engine>, StoreError> {
    match config {
        StoreConfig::Embedded { directory } => Ok(Arc::new(SqliteEngine::open(directory)?)),
    }
}

/// Opens the store for reading only, even while a server is running, and leaves no trace: no file is made or changed.
///
/// # Errors
/// Those of [`open`], and [`StoreError::Unusable`] when there is no store.
pub fn open_for_inspection(config: &StoreConfig) -> Result<Arc<dyn Engine>, StoreError> {
    match config {
        StoreConfig::Embedded { directory } => Ok(Arc::new(SqliteEngine::open_for_inspection(directory)?)),
    }
}
