//! Files that a command writes for its caller: reserved before the server is asked, so that nothing is made that cannot
//! be kept; an unwritten one is removed again.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file that did not exist before, empty until [`Self::keep`].
#[derive(Debug)]
pub(crate) struct NewFile {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl NewFile {
    /// Makes the file, with these permission bits.
    pub(crate) fn reserve(path: PathBuf, mode: u32) -> Result<Self, Failure> {
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
            Ok(file) => Ok(Self { path, file, is_kept: false }),
            Err(error) => {
                let reason = match error.kind() {
                    ErrorKind::AlreadyExists => "exists already and is not overwritten; choose another name".to_owned(),
                    _ => format!("cannot be written: {error}"),
                };
                Err(Failure::File { path, reason })
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file, durably.
    pub(crate) fn keep(mut self, content: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(content).and_then(|()| self.file.sync_all());
        self.is_kept = written.is_ok();
        let reason = |error| format!("cannot be written: {error}");
        written.map_err(|error| Failure::File { path: self.path.clone(), reason: reason(error) })
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_kept {
            let _left_empty = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_kept_whole_or_removed_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        drop(NewFile::reserve(path.clone(), 0o600).unwrap());
        assert!(!path.exists());
        NewFile::reserve(path.clone(), 0o600).unwrap().keep(b"content").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refusal = NewFile::reserve(path.clone(), 0o600).unwrap_err().to_string();
        assert!(refusal.contains("choose another name"), "{refusal}");
        assert_eq!(fs::read(&path).unwrap(), b"content");
    }
}
