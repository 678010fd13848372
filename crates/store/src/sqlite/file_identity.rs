//! Whether the file that was opened is still the one at its path. SQLite keeps writing to a removed file, and commits that it
//! acknowledged would be lost when the process ends.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// A path, and the identity of the file that it named.
pub(super) struct FileIdentity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileIdentity {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let unusable =
            |error: std::io::Error| StoreError::Unusable { path: path.to_owned(), reason: error.to_string() };
        let found = fs::metadata(path).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), device: found.dev(), inode: found.ino() })
    }

    /// # Errors
    /// [`StoreError::Unusable`] when another file, or none, is at the path.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let unusable = |reason: String| StoreError::Unusable { path: self.path.clone(), reason };
        match fs::metadata(&self.path) {
            Ok(found) if (found.dev(), found.ino()) == (self.device, self.inode) => Ok(()),
            Ok(_) => Err(unusable("it was replaced while the store was open".to_owned())),
            Err(error) => Err(unusable(error.to_string())),
        }
    }
}
