//! The schema, and how it is recognized in a file (docs/formats/store.md).

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::error::opening_error;
use crate::error::StoreError;

/// `application_id` of a Claviger store: "CLVG".
const APPLICATION_ID: i32 = 0x434c_5647;
/// `user_version`: the number of this schema.
const SCHEMA_VERSION: i32 = 1;
/// No version of Claviger writes a higher one: such a number is damage.
const SCHEMA_VERSION_MAX: i32 = 255;

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

/// Prepares only if everything in [`SCHEMA`] exists.
const COMPLETE_SCHEMA: &str = "
    SELECT record.id, record.key, record.value, record.revision, change.id, change.key, change.kind, counter.value
    FROM record INDEXED BY record_by_key, change INDEXED BY change_by_revision, counter
    WHERE record.key = x'' AND change.revision = 0 AND counter.name = ''";

/// How long a connection waits for a lock of another.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// Whether every table and index exists. A missing one is damage, whatever SQLite calls it.
pub(super) fn is_complete(connection: &Connection) -> bool {
    connection.prepare(COMPLETE_SCHEMA).is_ok()
}

/// What kind of file was opened.
pub(super) enum Format {
    /// A new, empty file.
    Empty,
    /// A store of this schema.
    Store,
}

/// The format of the file of this connection.
///
/// # Errors
/// When the file is not a store that this version can use.
pub(super) fn format_of(connection: &Connection, path: &Path) -> Result<Format, StoreError> {
    let read = || -> rusqlite::Result<(i32, i32, i64)> {
        connection.busy_timeout(BUSY_MAX)?;
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((integer(connection, "application_id")?, integer(connection, "user_version")?, tables))
    };
    match read() {
        Ok((0, 0, 0)) => Ok(Format::Empty),
        Ok((APPLICATION_ID, SCHEMA_VERSION, 1..)) => Ok(Format::Store),
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

/// Creates the schema in an empty file.
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
