//! The embedded engine: SQLite, chosen (docs/spec/storage.md 4) for its trusted file format and crash behaviour.
//!
//! WAL with `synchronous=FULL`; one writer thread that groups waiting commits into one transaction; a few read connections. The schema is in docs/formats/store.md.

mod change_kind;
mod open;
mod page;
mod presence;
mod read;
mod recover;
mod repair;
mod salvage;
mod tree;
mod unused_log;
mod wal;
mod watch;
mod writer;

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Batch, Commit, Condition, Engine, Entry, Record, Revision, Watch};
use crate::error::StoreError;
use open::Opened;
use presence::Presence;
use read::Readers;
use repair::{Known, Repair};
use watch::{News, SqliteWatch};
use writer::Writer;

/// How often a watch looks when another process writes.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// A store in one file of a directory, owned by one process at a time.
pub struct SqliteEngine {
    directory: PathBuf,
    readers: Arc<Readers>,
    /// `None` when opened for reading only.
    writer: Option<Writer>,
    news: Arc<News>,
    known: Arc<Known>,
    /// Held as long as the engine lives; the lock goes with it.
    _lock: Option<File>,
}

impl fmt::Debug for SqliteEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteEngine").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl SqliteEngine {
    /// Opens the store in `directory`, which must exist; makes it if there is none.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process (or this one) has it, [`StoreError::NotAStore`],
    /// [`StoreError::Newer`], [`StoreError::Unusable`], [`StoreError::Full`], [`StoreError::NotRecovered`].
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(directory)?;
        let Opened { connection, recovered, log } = open::recovering(directory)?;
        let (news, known) = (Arc::new(News::default()), Arc::new(Known::default()));
        if let Some(recovered) = recovered {
            known.note(Ok(recovered));
        }
        if let Some(log) = log {
            known.note_log(log);
        }
        let readers = Arc::new(Readers::new(open::file(directory)));
        let repair = Repair::new(directory.to_owned(), Arc::clone(&readers), Arc::clone(&known));
        let presence = Presence::of(&open::file(directory))?;
        let writer = Writer::start(connection, presence, Arc::clone(&news), repair)?;
        Ok(Self { directory: directory.to_owned(), readers, writer: Some(writer), news, known, _lock: Some(lock) })
    }

    /// Opens the store in `directory` for reading, also beside a running server, whose changes its watches then find by
    /// looking now and again.
    ///
    /// # Errors
    /// See [`SqliteEngine::open`].
    pub fn open_read_only(directory: &Path) -> Result<Self, StoreError> {
        let readers = Arc::new(Readers::new(open::file(directory)));
        readers.check()?;
        let (news, known) = (Arc::default(), Arc::default());
        Ok(Self { directory: directory.to_owned(), readers, writer: None, news, known, _lock: None })
    }

    /// What `read` gives. When it meets damage, the file is recovered and it reads again.
    fn recovering<T>(&self, read: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let generation = self.readers.generation();
        match read() {
            Err(StoreError::Corrupt) if self.writer.as_ref().is_some_and(|writer| writer.recover(generation)) => read(),
            outcome => outcome,
        }
    }

    /// Opens the store in `directory` for a look that leaves no trace: where no write-ahead log lies beside the file, no
    /// server uses it, and the file is read as it is. A server that starts meanwhile is not disturbed, but what is read then
    /// may be torn.
    ///
    /// # Errors
    /// See [`SqliteEngine::open`].
    pub fn look_into(directory: &Path) -> Result<Self, StoreError> {
        let file = open::file(directory);
        let is_at_rest = !open::has_write_ahead_log(&file);
        let readers = Arc::new(if is_at_rest { Readers::of_file_at_rest(file) } else { Readers::new(file) });
        readers.check()?;
        let (news, known) = (Arc::default(), Arc::default());
        Ok(Self { directory: directory.to_owned(), readers, writer: None, news, known, _lock: None })
    }

    /// Whether `directory` holds a store. One that this user may not look at counts: it is not there to be made.
    #[must_use]
    pub fn exists(directory: &Path) -> bool {
        let looked = std::fs::symlink_metadata(open::file(directory));
        !looked.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
    }
}

impl Engine for SqliteEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        self.recovering(|| self.readers.get(key))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.recovering(|| self.readers.scan(prefix, after, limit))
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        batch.check()?;
        self.writer.as_ref().ok_or(StoreError::ReadOnly)?.commit(batch)
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        // Nobody wakes the watches of a store that another process writes.
        let look_again = if self.writer.is_some() { Duration::MAX } else { LOOK_AGAIN };
        Ok(Box::new(SqliteWatch::new(Arc::clone(&self.readers), Arc::clone(&self.news), prefix, from, look_again)))
    }

    fn check(&self) -> Result<(), StoreError> {
        self.recovering(|| if self.readers.is_sound()? { Ok(()) } else { Err(StoreError::Corrupt) })
    }

    fn condition(&self) -> Condition {
        self.known.condition()
    }
}

/// What an error of the library means for the caller.
fn store_error(error: &rusqlite::Error) -> StoreError {
    use rusqlite::{Error, ErrorCode};
    // The index of the write-ahead log could not grow: only a want of space does that.
    const IOERR_SHMSIZE: i32 = 10 | (19 << 8);
    // A page that the device does not give, or gives in part, is damaged as one with wrong bytes is.
    const IOERR_READ: i32 = 10 | (1 << 8);
    const IOERR_SHORT_READ: i32 = 10 | (2 << 8);
    // SQLITE_ERROR without a cause, such as a file format that SQLite does not know.
    const ERROR: i32 = 1;
    match (error.sqlite_extended_error_code(), error.sqlite_error_code(), error) {
        (Some(IOERR_READ | IOERR_SHORT_READ), ..) => StoreError::Corrupt,
        (Some(IOERR_SHMSIZE), ..) | (_, Some(ErrorCode::DiskFull), _) => StoreError::Full,
        (_, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => StoreError::Busy,
        (_, Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied), _) => StoreError::ReadOnly,
        (_, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase), _) => StoreError::Corrupt,
        // Every statement fits a whole file of ours. Whether the file is damaged or another, [`Readers::judged`] says.
        (Some(ERROR), ..) | (_, Some(ErrorCode::SchemaChanged | ErrorCode::ConstraintViolation), _) => {
            StoreError::Misfit(error.to_string())
        }
        // A row or a type that the schema promises is not there.
        (_, None, Error::QueryReturnedNoRows | Error::InvalidColumnType(..))
        | (_, None, Error::IntegralValueOutOfRange(..) | Error::FromSqlConversionFailure(..)) => StoreError::Corrupt,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// The same of a file that is being opened or recovered: what does not fit is damage.
fn opening_error(error: &rusqlite::Error) -> StoreError {
    match store_error(error) {
        StoreError::Misfit(_) => StoreError::Corrupt,
        other => other,
    }
}
