//! Names of the files in a store's directory (docs/formats/store.md).

use std::path::{Path, PathBuf};

/// The store's file.
pub(super) const STORE: &str = "store.sqlite3";

/// The store's file in `directory`.
pub(super) fn store(directory: &Path) -> PathBuf {
    directory.join(STORE)
}

/// SQLite's write-ahead log in `directory`, present while the store is open and after a kill.
pub(super) fn log(directory: &Path) -> PathBuf {
    log_of(&store(directory))
}

/// The write-ahead log of the file at `path`, where SQLite looks for it.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// The index of that log.
pub(super) fn log_index(directory: &Path) -> PathBuf {
    directory.join("store.sqlite3-shm")
}

/// The file whose lock the owner holds.
pub(super) fn lock(directory: &Path) -> PathBuf {
    directory.join("store.lock")
}

/// Where a damaged file is kept.
pub(super) fn damaged(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("store.sqlite3.damaged-{number}"))
}

/// Where a damaged write-ahead log of a sound store is kept.
pub(super) fn damaged_log(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("store.sqlite3.damaged-log-{number}"))
}

/// A new file that a recovery has not finished.
pub(super) fn recovering(directory: &Path) -> PathBuf {
    directory.join("store.sqlite3.recovering")
}

/// A hard link to an unused write-ahead log while the store is opened.
pub(super) fn unused_log(directory: &Path) -> PathBuf {
    directory.join("store.sqlite3.unused-log")
}

/// Every file of the store that exists, whatever its purpose, ordered by name.
pub(super) fn all(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("store.")));
    let mut files: Vec<_> = ours.map(|entry| entry.path()).collect();
    files.sort();
    files
}
