//! Small files outside the store, such as a root key or credentials, written atomically and durably.
//!
//! A file is written under a temporary name in the same directory, synced and renamed; then the directory is synced. Without
//! that, a power failure could lose the name of the file but keep stored data that depends on the file.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The suffix of a file that is being written.
const UNFINISHED: &str = ".claviger-unfinished";

/// What to do with an existing file of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Replace it.
    Replace,
    /// Keep it, and fail with [`io::ErrorKind::AlreadyExists`].
    Keep,
}

/// A file that is written but does not have its final name yet. It is removed when dropped.
#[derive(Debug)]
pub struct UnfinishedFile {
    path: PathBuf,
    unfinished: PathBuf,
}

impl UnfinishedFile {
    /// Writes the content of the file `path` under its temporary name, with these permission bits. If the process is killed, the
    /// temporary file stays, and the next attempt replaces it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<Self> {
        let file = Self { path: path.to_owned(), unfinished: unfinished(path)? };
        write_new(&file.unfinished, content, mode)?;
        Ok(file)
    }

    /// Gives the file its final name, durably.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn place(self, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Replace => fs::rename(&self.unfinished, &self.path)?,
            Existing::Keep => name_unless_taken(&self.unfinished, &self.path)?,
        }
        sync_directory_of(&self.path)
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        let _placed = fs::remove_file(&self.unfinished);
    }
}

/// Renames in one step, so that a kill never leaves a root key under two names.
fn name_unless_taken(unfinished: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, unfinished, CWD, path, RenameFlags::NOREPLACE) {
        // Some file systems lack this rename, but every file system on which a root key may lie has hard links.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(unfinished, path)?;
            fs::remove_file(unfinished)
        }
        renamed => Ok(renamed?),
    }
}

/// Writes a file, atomically and durably.
///
/// # Errors
/// Those of the file system.
pub fn place_file(path: &Path, content: &[u8], mode: u32, existing: Existing) -> io::Result<()> {
    UnfinishedFile::write(path, content, mode)?.place(existing)
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let _absent = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the entries of the directory that holds `path` durable.
///
/// # Errors
/// Those of the file system.
pub fn sync_directory_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all())
}

/// The temporary name. Any file with this name is removed, so nothing may keep such a name permanently. It is derived from the
/// whole name, so that files that differ only in their extension do not share one.
fn unfinished(path: &Path) -> io::Result<PathBuf> {
    let unusable = |reason: &str| io::Error::new(io::ErrorKind::InvalidInput, reason);
    let name = path.file_name().ok_or_else(|| unusable("it names no file"))?;
    if name.as_encoded_bytes().ends_with(UNFINISHED.as_bytes()) {
        return Err(unusable("names with this suffix are reserved for files that are being written"));
    }
    let mut unfinished = OsString::from(".");
    unfinished.push(name);
    unfinished.push(UNFINISHED);
    Ok(path.with_file_name(unfinished))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_whole_with_its_permissions_and_leaves_no_other() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["key.json", "key", "key.unfinished", "key.unfinished.unfinished"] {
            let path = dir.path().join(name);
            place_file(&path, b"one", 0o600, Existing::Keep).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
            let refused = place_file(&path, b"two", 0o600, Existing::Keep).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists, "{name}");
            assert_eq!(fs::read(&path).unwrap(), b"one", "{name}");
            place_file(&path, b"three", 0o640, Existing::Replace).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"three", "{name}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{name} alone");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn no_other_file_is_taken_for_an_unfinished_one() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["key.unfinished", "key", ".key.unfinished", "key.json", "key.unfinished.unfinished"];
        for name in names {
            place_file(&dir.path().join(name), name.as_bytes(), 0o600, Existing::Keep).unwrap();
        }
        for name in names {
            assert_eq!(fs::read(dir.path().join(name)).unwrap(), name.as_bytes());
        }
        let reserved = unfinished(&dir.path().join("key")).unwrap();
        assert!(place_file(&reserved, b"", 0o600, Existing::Keep).is_err());
    }

    #[test]
    fn what_a_kill_left_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(unfinished(&path).unwrap(), b"half").unwrap();
        place_file(&path, b"whole", 0o600, Existing::Keep).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(!unfinished(&path).unwrap().exists());
    }
}
