//! What an error of SQLite means.

use crate::error::StoreError;

/// What an error of SQLite means for the caller.
pub(super) fn store_error(error: &rusqlite::Error) -> StoreError {
    use rusqlite::{Error, ErrorCode};
    // The index of the write-ahead log could not grow, which only happens without space.
    const IOERR_SHMSIZE: i32 = 10 | (19 << 8);
    // A page that the device does not return, or only in part, is as damaged as one with wrong bytes.
    const IOERR_READ: i32 = 10 | (1 << 8);
    const IOERR_SHORT_READ: i32 = 10 | (2 << 8);
    // SQLITE_ERROR without a cause, for example a file format that SQLite does not know.
    const ERROR: i32 = 1;
    match (error.sqlite_extended_error_code(), error.sqlite_error_code(), error) {
        (Some(IOERR_READ | IOERR_SHORT_READ), ..) => StoreError::Corrupt,
        (Some(IOERR_SHMSIZE), ..) | (_, Some(ErrorCode::DiskFull), _) => StoreError::Full,
        (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => StoreError::Busy,
        (_, Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied), _) => StoreError::ReadOnly,
        (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _) => StoreError::Corrupt,
        // SQLite accepts every statement on an intact file. The caller finds out whether the file is damaged or was changed.
        (Some(ERROR), ..) | (_, Some(ErrorCode::SchemaChanged | ErrorCode::ConstraintViolation), _) => {
            StoreError::StatementRefused(error.to_string())
        }
        // A row or a type that the schema guarantees is missing.
        (_, None, Error::QueryReturnedNoRows | Error::InvalidColumnType(..))
        | (_, None, Error::IntegralValueOutOfRange(..) | Error::FromSqlConversionFailure(..)) => StoreError::Corrupt,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// The same for a file that is being opened or recovered: there, a refused statement means damage.
pub(super) fn opening_error(error: &rusqlite::Error) -> StoreError {
    match store_error(error) {
        StoreError::StatementRefused(_) => StoreError::Corrupt,
        other => other,
    }
}
