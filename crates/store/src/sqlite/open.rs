//! Opening the file: ownership, format, pragmas, schema.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::{FlockOperation, flock};

use super::{opening_error, recover, unused_log};
use crate::contract::Recovered;
use crate::error::StoreError;

/// `application_id` of a Claviger store: "CLVG".
const APPLICATION_ID: i32 = 0x434c_5647;
/// `user_version`: the number of this schema.
const SCHEMA_VERSION: i32 = 1;
/// No later version of Claviger writes a higher one: such a number is damage.
const SCHEMA_VERSION_MAX: i32 = 255;
/// How long a connection waits for another.
const BUSY_MAX: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE record (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL);
    CREATE UNIQUE INDEX record_by_key ON record (key);
    CREATE TABLE change (
        id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, key BLOB NOT NULL, kind INTEGER NOT NULL
    );
    CREATE INDEX change_by_revision ON change (revision);
    CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    INSERT INTO counter (name, value) VALUES ('revision', 0), ('compacted', 0);
";

/// Prepares only where everything of [`SCHEMA`] is there.
const WHOLE_SCHEMA: &str = "
    SELECT record.id, record.key, record.value, record.revision, change.id, change.key, change.kind, counter.value
    FROM record INDEXED BY record_by_key, change INDEXED BY change_by_revision, counter
    WHERE record.key = x'' AND change.revision = 0 AND counter.name = ''";

/// The store's file in `directory`.
pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join("store.sqlite3")
}

/// SQLite's write-ahead log in `directory`, there while the store is open and after a kill.
pub(super) fn log(directory: &Path) -> PathBuf {
    log_of(&file(directory))
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

/// Refuses what is there and no regular file: opening a FIFO would wait for ever.
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

/// Takes the directory for this process. The lock goes when the file is closed, also by a kill.
pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("store.lock");
    let unusable =
        |error: &dyn std::error::Error| StoreError::Unusable { path: path.clone(), reason: error.to_string() };
    check_kind(&path)?;
    let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let lock = opened.map_err(|error| unusable(&error))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StoreError::InUse(directory.to_owned())),
        Err(error) => Err(unusable(&error)),
    }
}

/// A connection that may write, and what happened before.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) recovered: Option<Recovered>,
    /// What to tell of a write-ahead log that was damaged.
    pub(super) log: Option<String>,
}

/// Opens the file, which is recovered before if it is damaged where every use meets it.
pub(super) fn recovering(directory: &Path) -> Result<Opened, StoreError> {
    let is_ours = |error: &StoreError| match error {
        StoreError::Corrupt => true,
        StoreError::NotAStore(path) => recover::is_store_without_first_page(path),
        _ => false,
    };
    unused_log::set_apart(directory);
    match writable(directory) {
        Ok(connection) => Ok(Opened { connection, recovered: None, log: unused_log::settle(directory) }),
        Err(error) if is_ours(&error) => {
            let recovered = Some(recover::recover(directory)?);
            Ok(Opened { connection: writable(directory)?, recovered, log: None })
        }
        Err(error) => Err(error),
    }
}

/// A connection that may write; makes the schema in a new file. A file that is not ours is left as it is.
pub(super) fn writable(directory: &Path) -> Result<Connection, StoreError> {
    let path = file(directory);
    let unusable = |reason: String| StoreError::Unusable { path: path.clone(), reason };
    check_kind(&path)?;
    // Made here rather than by SQLite, so that it is never readable by others.
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    made.map_err(|error| unusable(error.to_string()))?;
    // SQLite syncs what it makes, and it did not make this one: without its name in the directory, power loss takes it all.
    File::open(directory).and_then(|names| names.sync_all()).map_err(|error| unusable(error.to_string()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(|error| unusable(error.to_string()))?;
    let is_new = match identity(&connection, &path)? {
        Identity::Empty => true,
        Identity::Store => false,
    };
    let failed = |error: rusqlite::Error| opening_error(&error);
    // The file was opened for writing above: only a damaged header makes SQLite take it for one of a newer version.
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(failed)? {
        return Err(StoreError::Corrupt);
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    // A destroyed key must not lie on in pages that nobody uses any more.
    connection.pragma_update(None, "secure_delete", "ON").map_err(failed)?;
    if is_new {
        create(&mut connection).map_err(failed)?;
    }
    if has_whole_schema(&connection) { Ok(connection) } else { Err(StoreError::Corrupt) }
}

/// Whether every table and index is there. One that the schema no longer has is damage, whatever SQLite calls it.
pub(super) fn has_whole_schema(connection: &Connection) -> bool {
    connection.prepare(WHOLE_SCHEMA).is_ok()
}

/// A connection that only reads.
pub(super) fn readable(path: &Path) -> Result<Connection, StoreError> {
    check_kind(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    reading(path, Connection::open_with_flags(path, flags))
}

/// Whether a write-ahead log lies beside the file: a server runs, or ended without closing it.
pub(super) fn has_write_ahead_log(path: &Path) -> bool {
    log_of(path).exists()
}

/// A connection that only reads, takes no lock and makes no file beside: for a file that nobody writes.
pub(super) fn at_rest(path: &Path) -> Result<Connection, StoreError> {
    check_kind(path)?;
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    reading(path, Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags))
}

fn reading(path: &Path, opened: rusqlite::Result<Connection>) -> Result<Connection, StoreError> {
    let connection =
        opened.map_err(|error| StoreError::Unusable { path: path.to_owned(), reason: error.to_string() })?;
    match identity(&connection, path)? {
        Identity::Store => Ok(connection),
        Identity::Empty => Err(StoreError::NotAStore(path.to_owned())),
    }
}

enum Identity {
    /// A new file, nothing in it.
    Empty,
    /// A store of this schema.
    Store,
}

fn identity(connection: &Connection, path: &Path) -> Result<Identity, StoreError> {
    let read = || -> rusqlite::Result<(i32, i32, i64)> {
        connection.busy_timeout(BUSY_MAX)?;
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((integer(connection, "application_id")?, integer(connection, "user_version")?, tables))
    };
    match read() {
        Ok((0, 0, 0)) => Ok(Identity::Empty),
        Ok((APPLICATION_ID, SCHEMA_VERSION, 1..)) => Ok(Identity::Store),
        Ok((APPLICATION_ID, schema, _)) if schema > SCHEMA_VERSION && schema <= SCHEMA_VERSION_MAX => {
            Err(StoreError::Newer { path: path.to_owned(), schema })
        }
        Ok(_) => Err(StoreError::NotAStore(path.to_owned())),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(StoreError::NotAStore(path.to_owned()))
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => {
            Err(StoreError::Unusable { path: path.to_owned(), reason: error.to_string() })
        }
        Err(error) => Err(opening_error(&error)),
    }
}

pub(super) fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

fn integer(connection: &Connection, pragma: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}
