//! The embedded engine: SQLite, chosen (docs/spec/storage.md 4) for its trusted file format and crash behaviour.
//!
//! It uses WAL with `synchronous=FULL`, one writer thread that groups waiting commits into one transaction, and a few read
//! connections. docs/formats/store.md describes the files.

mod change_kind;
mod error;
mod file_identity;
mod file_names;
mod open;
mod page;
mod read;
mod recover;
mod repair;
mod salvage;
mod schema;
mod start;
mod tree;
mod unused_log;
mod wal;
mod watch;
mod writer;

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Batch, Commit, Condition, Engine, Entry, Revision, VersionedValue, Watch};
use crate::error::StoreError;
use file_identity::FileIdentity;
use open::DirectoryLock;
use read::Readers;
use repair::{Repair, SharedCondition};
use start::Opened;
use watch::{CommitSignal, SqliteWatch};
use writer::Writer;

/// How often a watch polls when another process writes.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A store in one file of a directory, owned by one process at a time.
pub(crate) struct SqliteEngine {
    directory: PathBuf,
    readers: Arc<Readers>,
    /// `None` when the store was opened for inspection.
    writer: Option<Writer>,
    news: Arc<CommitSignal>,
    condition: Arc<SharedCondition>,
    /// Held as long as the engine exists; the lock is released with it.
    _lock: Option<DirectoryLock>,
}

impl fmt::Debug for SqliteEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteEngine").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl SqliteEngine {
    /// The name of the file, for messages.
    pub(crate) const FILE_NAME: &str = file_names::STORE;

    /// See [`crate::open`].
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(directory)?;
        let Opened { connection, recovered, log } = start::open(directory)?;
        let (news, condition) = (Arc::new(CommitSignal::default()), Arc::new(SharedCondition::default()));
        if let Some(recovered) = recovered {
            condition.note(Ok(recovered));
        }
        if let Some(log) = log {
            condition.note_log(log);
        }
        let readers = Arc::new(Readers::new(file_names::store(directory)));
        let repair = Repair::new(directory.to_owned(), Arc::clone(&readers), Arc::clone(&condition));
        let file_identity = FileIdentity::of(&file_names::store(directory))?;
        let writer = Writer::start(connection, file_identity, Arc::clone(&news), repair)?;
        Ok(Self { directory: directory.to_owned(), readers, writer: Some(writer), news, condition, _lock: Some(lock) })
    }

    /// Runs `read`. If it meets damage, the file is recovered and `read` runs again.
    fn recovering<T>(&self, read: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let generation = self.readers.generation();
        match read() {
            Err(StoreError::Corrupt) if self.writer.as_ref().is_some_and(|writer| writer.recover(generation)) => read(),
            outcome => outcome,
        }
    }

    /// See [`crate::open_for_inspection`]. If the file has no write-ahead log, no server is using it, and it is read without
    /// locks. A server that starts meanwhile is not disturbed, but the data read then may be inconsistent.
    pub(crate) fn open_for_inspection(directory: &Path) -> Result<Self, StoreError> {
        let file = file_names::store(directory);
        let is_immutable = !file_names::log_of(&file).exists();
        let readers = Arc::new(if is_immutable { Readers::of_immutable_file(file) } else { Readers::new(file) });
        readers.check()?;
        let (news, condition) = (Arc::default(), Arc::default());
        Ok(Self { directory: directory.to_owned(), readers, writer: None, news, condition, _lock: None })
    }

    /// Every file of the store in `directory`.
    pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
        file_names::all(directory)
    }

    /// Whether `directory` holds a store. A store that this user cannot access counts, too, so that no new one is created over
    /// it.
    #[must_use]
    pub(crate) fn exists(directory: &Path) -> bool {
        let looked = std::fs::symlink_metadata(file_names::store(directory));
        !looked.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
    }
}

impl Engine for SqliteEngine {
    fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError> {
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
        // Commits of another process do not wake watches of this one, so these must poll.
        let poll_interval = if self.writer.is_some() { Duration::MAX } else { POLL_INTERVAL };
        Ok(Box::new(SqliteWatch::new(Arc::clone(&self.readers), Arc::clone(&self.news), prefix, from, poll_interval)))
    }

    fn check(&self) -> Result<(), StoreError> {
        self.recovering(|| if self.readers.is_sound()? { Ok(()) } else { Err(StoreError::Corrupt) })
    }

    fn condition(&self) -> Condition {
        self.condition.condition()
    }
}
