//! The interface of the log: create or open it, append to it, ask for its state.

use std::fmt;
use std::fs::{DirBuilder, File, TryLockError};
use std::future::Future;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use claviger_base::id::InstanceId;
use claviger_base::{Clock, SecretBytes};
use tokio::sync::oneshot;

use crate::directory;
use crate::error::{AuditError, OpenError};
use crate::group::{Group, Repair};
use crate::head::HeadFile;
use crate::position::{Head, LogPosition};
use crate::record::AuditRecord;
use crate::recover::{self, LogEnd};
use crate::regular_file;
use crate::segment::{NextSegment, Segment};
use crate::set_aside::set_aside;
use crate::signing::{SignatureVerifier, Signer};
use crate::writer::{PendingRecord, Writer, WriterStatus};

/// The settings of a log.
#[derive(Debug)]
pub struct AuditConfig {
    /// `<data-dir>/audit`.
    pub dir: PathBuf,
    /// The instance that the log belongs to.
    pub instance: InstanceId,
    /// Size in bytes at which a segment is closed. The same size is preallocated for each segment.
    pub segment_bytes: u64,
    /// Gives the times of the lines that the log writes by itself.
    pub clock: Clock,
    /// Ed25519 seed, 32 bytes; the same for the whole life of the log.
    pub seed: SecretBytes,
    /// A line that the log must contain when it is opened, as recorded elsewhere. `None` only for logs from before
    /// anchors existed.
    pub anchor: Option<LogPosition>,
}

/// An open log. Dropping it writes pending records and closes the files.
pub struct AuditLog {
    queue: Option<Sender<PendingRecord>>,
    status: Arc<WriterStatus>,
    writer: Option<JoinHandle<()>>,
    // Keeps other processes from opening or moving the log.
    _dir: DirectoryLock,
}

/// The lock on a log's directory. Its holder may open, move or remove the log.
#[derive(Debug)]
pub struct DirectoryLock {
    directory: File,
}

impl Drop for DirectoryLock {
    /// Unlocks explicitly: closing the file is not enough while a child process that is just starting has a copy of it.
    fn drop(&mut self) {
        let _closing_it_unlocks_too = self.directory.unlock();
    }
}

impl DirectoryLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`OpenError::InUse`] if another process, or this one, holds it; `Io`.
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let directory = regular_file::open_directory(dir).map_err(OpenError::io(dir))?;
        match directory.try_lock() {
            Ok(()) => Ok(Self { directory }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::Io(dir.to_owned(), error)),
        }
    }
}

/// The public key of a log that is signed with `seed`.
///
/// # Errors
/// [`OpenError::Seed`].
pub fn public_key_of(seed: &SecretBytes) -> Result<[u8; 32], OpenError> {
    Signer::new(seed)?.public_key()
}

/// The last line of the log in `dir` that is signed with `public_key`, as far as the log can be read. For a log that is
/// being given up.
#[must_use]
pub fn last_signed_line(dir: &Path, public_key: &[u8; 32]) -> Option<LogPosition> {
    recover::last_signed(dir, &SignatureVerifier::new(public_key)?)
}

/// Resolves to the number of the record's line once the record is durable.
#[derive(Debug)]
#[must_use = "the record is durable only when this resolves"]
pub struct Append(oneshot::Receiver<Result<u64, AuditError>>);

impl Future for Append {
    type Output = Result<u64, AuditError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(AuditError::Unavailable)))
    }
}

impl Append {
    /// Blocks until the record is durable. Not for async tasks: their threads must not block.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`].
    pub fn wait(self) -> Result<u64, AuditError> {
        self.0.blocking_recv().unwrap_or(Err(AuditError::Unavailable))
    }
}

impl AuditLog {
    /// Whether `dir` holds a log or remains of one. A server that once had a log must not create another one.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn exists(dir: &Path) -> io::Result<bool> {
        Ok(dir.is_dir() && (directory::head_path(dir).try_exists()? || !directory::segments(dir)?.is_empty()))
    }

    /// Creates the directory and a new log.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is one; `InUse`, `Seed`, `Io`.
    pub fn create(config: AuditConfig) -> Result<Self, OpenError> {
        let io = || OpenError::io(config.dir.as_path());
        DirBuilder::new().recursive(true).mode(0o700).create(&config.dir).map_err(io())?;
        let lock = DirectoryLock::take(&config.dir)?;
        if Self::exists(&config.dir).map_err(io())? {
            return Err(OpenError::Exists(config.dir));
        }
        let signer = Signer::new(&config.seed)?;
        write_public_key(&config.dir, &signer)?;
        let next = NextSegment::allocate(&config.dir, config.segment_bytes).map_err(io())?;
        let mut lines = Group::after(LogPosition::START);
        lines.push_header(config.clock.now(), &config.instance, 0);
        lines.push_checkpoint(config.clock.now(), &signer).ok_or(OpenError::Seed)?;
        let head = Head { position: lines.position, segment: 1, offset: lines.bytes.len() as u64 };
        // The head is written before the segment gets its name: opening finishes the rename, and a directory with a
        // head is never overwritten by a new log.
        next.write(&lines.bytes).map_err(io())?;
        let head_file = HeadFile::create(&config.dir, head, 0, &signer).map_err(io())?;
        let segment = next.activate(&config.dir, 1, head.offset).map_err(io())?;
        let writer = writer(config, signer, head.position, segment, head_file);
        Self::start(lock, writer)
    }

    /// Opens the log: checks it from the head on, cuts off what a crash left of an unacknowledged group, and records
    /// that in a `recovered` line. [`crate::verify()`] checks the whole log.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] if it was altered or truncated (nothing is changed then); `Missing`, `InUse`, `Seed`,
    /// `Io`.
    pub fn open(config: AuditConfig) -> Result<Self, OpenError> {
        let io = || OpenError::io(config.dir.as_path());
        if !Self::exists(&config.dir).map_err(io())? {
            return Err(OpenError::Missing(config.dir));
        }
        let lock = DirectoryLock::take(&config.dir)?;
        let signer = Signer::new(&config.seed)?;
        let verifier = SignatureVerifier::new(&signer.public_key()?).ok_or(OpenError::Seed)?;
        let found = recover::find_end(&config.dir, &verifier, config.anchor)?;
        write_public_key(&config.dir, &signer)?;
        let mut repair = set_aside(&config.dir, &found, config.clock.now()).map_err(io())?;
        let segment = Segment::open(&found.segment, found.end.offset, config.segment_bytes).map_err(io())?;
        let head_file = open_head(&config.dir, &found, &signer).map_err(io())?;
        if found.head.bad_slots > 0 || !found.head.is_sound {
            let repair = repair.get_or_insert(Repair::new("unreadable head slot"));
            repair.bad_head_slots = found.head.bad_slots.max(1);
        }
        let _ = std::fs::remove_file(directory::next_path(&config.dir));
        let dir = config.dir.clone();
        let mut writer = writer(config, signer, found.end.position, segment, head_file);
        writer.repair = repair;
        if let Some(repair) = &writer.repair {
            tracing::warn!(?repair, "the audit log was repaired");
            writer.commit(&[]).map_err(OpenError::io(dir))?;
        }
        Self::start(lock, writer)
    }

    fn start(lock: DirectoryLock, writer: Writer) -> Result<Self, OpenError> {
        let status = Arc::clone(&writer.status);
        let dir = writer.dir.clone();
        let (queue, pending) = channel();
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let handle = thread.spawn(move || writer.run(&pending)).map_err(OpenError::io(dir))?;
        Ok(Self { queue: Some(queue), status, writer: Some(handle), _dir: lock })
    }

    /// Queues a record. The record is durable when the result resolves. Dropping the result does not cancel the write.
    #[allow(clippy::needless_pass_by_value, reason = "the log takes the record")]
    pub fn append(&self, record: AuditRecord) -> Append {
        let (answer, result) = oneshot::channel();
        let pending = PendingRecord { time: record.time, fields: record.fields(), answer };
        if let Some(queue) = &self.queue {
            // If the writer is gone, the sender is dropped with the record and the result is `Unavailable`.
            let _ = queue.send(pending);
        }
        Append(result)
    }

    /// Appends and blocks until the record is durable. Not for async tasks: their threads must not block.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`].
    pub fn append_blocking(&self, record: AuditRecord) -> Result<u64, AuditError> {
        self.append(record).wait()
    }

    /// Whether the last group could be written. If not, the log tries again every second and on every append.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.status.writable.load(Ordering::SeqCst)
    }

    /// Whether no space could be preallocated for the next segment: records will be refused once the current one is
    /// full.
    #[must_use]
    pub fn is_space_low(&self) -> bool {
        self.status.space_low.load(Ordering::SeqCst)
    }

    /// The last durable line. If a copy is kept on another host, [`crate::verify()`] detects a rollback of the whole
    /// directory.
    #[must_use]
    pub fn head(&self) -> LogPosition {
        *self.status.head.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut log = f.debug_struct("AuditLog");
        log.field("head", &self.head()).field("is_writable", &self.is_writable()).finish_non_exhaustive()
    }
}

fn writer(config: AuditConfig, signer: Signer, position: LogPosition, segment: Segment, head_file: HeadFile) -> Writer {
    let AuditConfig { dir, instance, segment_bytes, clock, seed: _, anchor: _ } = config;
    let status = WriterStatus::at(position);
    let (next, preallocation_tried, repair) = (None, None, None);
    Writer {
        dir,
        instance,
        clock,
        segment_bytes,
        signer,
        position,
        segment,
        head_file,
        next,
        preallocation_tried,
        repair,
        status,
    }
}

/// Opens the head file for writing, or rewrites it if its slots do not belong together or have no numbers yet.
fn open_head(dir: &Path, found: &LogEnd, signer: &Signer) -> io::Result<HeadFile> {
    match found.head.number {
        Some(number) if found.head.is_sound => HeadFile::open(dir, number),
        number => HeadFile::create(dir, found.end, number.map_or(0, |number| number.saturating_add(1)), signer),
    }
}

/// Writes the verifier's copy of the public key. The seed determines the key, so a file with other content is rewritten and
/// the change is logged.
fn write_public_key(dir: &Path, signer: &Signer) -> Result<(), OpenError> {
    let path = dir.join(directory::PUBLIC_KEY);
    let text = format!("{}\n", hex::encode(signer.public_key()?));
    match regular_file::read(&path, text.len() as u64 + 1) {
        Ok(found) if found == text.as_bytes() => return Ok(()),
        Ok(_) => tracing::error!(path = %path.display(), "the audit public key file was altered; rewriting it"),
        Err(error) if regular_file::is_not_regular(&error) => return Err(OpenError::Io(path, error)),
        Err(_) => {}
    }
    let written = std::fs::write(&path, text).and_then(|()| regular_file::open(&path)?.sync_all());
    written.map_err(OpenError::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_ends_with_its_holder_even_if_another_process_inherited_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::take(dir.path()).unwrap();
        let inherited = lock.directory.try_clone().unwrap();
        assert!(matches!(DirectoryLock::take(dir.path()), Err(OpenError::InUse(_))));
        drop(lock);
        DirectoryLock::take(dir.path()).unwrap();
        drop(inherited);
    }
}
