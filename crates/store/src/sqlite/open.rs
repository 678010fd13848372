//! Opening the file: ownership, format, pragmas.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};

use super::error::opening_error;
use super::file_names;
use super::schema::{self, Format};
use crate::error::StoreError;

/// Refuses anything but a regular file: opening a FIFO would block.
fn check_kind(path: &Path) -> Result<(), StoreError> {
    let Ok(kind) = std::fs::metadata(path).map(|metadata| metadata.file_type()) else { return Ok(()) };
    let what = match kind {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => "a directory",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(StoreError::Unusable { path: path.to_owned(), reason: format!("it is {what}, not a regular file") })
}

/// The lock on the directory of a store. A kill releases it, too.
#[derive(Debug)]
pub(super) struct DirectoryLock(File);

impl Drop for DirectoryLock {
    /// Unlocks explicitly: closing the file is not enough while a child process that is just being started still has it open.
    fn drop(&mut self) {
        let _closing_it_unlocks_too = self.0.unlock();
    }
}

/// Locks the directory for this process.
pub(super) fn lock(directory: &Path) -> Result<DirectoryLock, StoreError> {
    let path = file_names::lock(directory);
    let unusable =
        |error: &dyn std::error::Error| StoreError::Unusable { path: path.clone(), reason: error.to_string() };
    check_kind(&path)?;
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let lock = opened.map_err(|error| unusable(&error))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(DirectoryLock(lock)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::InUse(directory.to_owned())),
        Err(error) => Err(unusable(&error)),
    }
}

/// Opens a connection that may write, and creates the schema in a new file. A file of another program is left unchanged.
pub(super) fn writable(directory: &Path) -> Result<Connection, StoreError> {
    let path = file_names::store(directory);
    let unusable = |reason: String| StoreError::Unusable { path: path.clone(), reason };
    check_kind(&path)?;
    // Created here rather than by SQLite, so that it is never readable by others.
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    made.map_err(|error| unusable(error.to_string()))?;
    // SQLite syncs the directory for files that it creates, and it did not create this one. Without that, a power failure could
    // lose the file.
    File::open(directory).and_then(|names| names.sync_all()).map_err(|error| unusable(error.to_string()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(|error| unusable(error.to_string()))?;
    let is_new = match schema::format_of(&connection, &path)? {
        Format::Empty => true,
        Format::Store => false,
    };
    let failed = |error: rusqlite::Error| opening_error(&error);
    // The file is writable. SQLite treats it as read-only only if the header asks for a newer file format, so the header is
    // damaged.
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(failed)? {
        return Err(StoreError::Corrupt);
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    // A destroyed key must not remain in unused pages.
    connection.pragma_update(None, "secure_delete", "ON").map_err(failed)?;
    if is_new {
        schema::create(&mut connection).map_err(failed)?;
    }
    if schema::is_complete(&connection) { Ok(connection) } else { Err(StoreError::Corrupt) }
}

/// Opens a connection that only reads.
pub(super) fn readable(path: &Path) -> Result<Connection, StoreError> {
    check_kind(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    reading(path, Connection::open_with_flags(path, flags))
}

/// Opens a connection that only reads, takes no lock and creates no file, for a file that nobody writes.
pub(super) fn immutable(path: &Path) -> Result<Connection, StoreError> {
    check_kind(path)?;
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    reading(path, Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags))
}

fn reading(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Connection, StoreError> {
    let connection =
        opened.map_err(|error| StoreError::Unusable { path: path.to_owned(), reason: error.to_string() })?;
    match schema::format_of(&connection, path)? {
        Format::Store => Ok(connection),
        Format::Empty => Err(StoreError::NotAStore(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_ends_with_its_holder_even_if_another_process_inherited_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        let inherited = held.0.try_clone().unwrap();
        assert!(matches!(lock(dir.path()), Err(StoreError::InUse(_))));
        drop(held);
        lock(dir.path()).unwrap();
        drop(inherited);
    }
}
