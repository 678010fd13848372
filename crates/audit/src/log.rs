//! The log as its users hold it: create or open, append, ask how it is.

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

use crate::error::{AuditError, OpenError};
use crate::group::{Group, Mended};
use crate::head::{self, HeadFile};
use crate::line::{Head, Mark};
use crate::record::Record;
use crate::recover::{self, Found};
use crate::regular;
use crate::seal::{Checker, Signer};
use crate::segment::{self, Next, Segment};
use crate::set_aside::set_aside;
use crate::writer::{Shared, Waiting, Writer};

/// What a log needs to know.
#[derive(Debug)]
pub struct Config {
    /// `<data-dir>/audit`.
    pub dir: PathBuf,
    /// Whose log it is.
    pub instance: InstanceId,
    /// Size at which a segment is closed and space set aside for each, bytes.
    pub segment_bytes: u64,
    /// For the times of the log's own lines.
    pub clock: Clock,
    /// Ed25519 seed, 32 bytes; the same for the life of the log.
    pub seed: SecretBytes,
    /// A line that an opened log must contain, as it was noted elsewhere. `None` only for logs from before that was done.
    pub anchor: Option<Mark>,
}

/// An open log. Dropping it writes what is waiting and closes the files.
pub struct AuditLog {
    queue: Option<Sender<Waiting>>,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    // Held, so that nobody else opens or moves the log.
    _dir: DirectoryLock,
}

/// The lock on a log's directory. Whoever holds it may open, move or remove the log.
#[derive(Debug)]
pub struct DirectoryLock {
    _directory: File,
}

impl DirectoryLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when another process, or this one, has it; `Io`.
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let directory = regular::open_directory(dir).map_err(OpenError::io(dir))?;
        match directory.try_lock() {
            Ok(()) => Ok(Self { _directory: directory }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => Err(OpenError::Io(dir.to_owned(), error)),
        }
    }
}

/// The public key of a log that is signed under `seed`.
///
/// # Errors
/// [`OpenError::Seed`].
pub fn public_key_of(seed: &SecretBytes) -> Result<[u8; 32], OpenError> {
    Signer::new(seed)?.public_key()
}

/// The last line of the log in `dir` that is signed under `public_key`, as far as it can be read; for a log that is given up.
#[must_use]
pub fn last_signed_line(dir: &Path, public_key: &[u8; 32]) -> Option<Mark> {
    recover::last_signed(dir, &Checker::new(public_key)?)
}

/// Resolves when the record is durable, to its line's number.
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
    /// Waits. Not for tasks of an async runtime, whose threads must not block.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`].
    pub fn wait(self) -> Result<u64, AuditError> {
        self.0.blocking_recv().unwrap_or(Err(AuditError::Unavailable))
    }
}

impl AuditLog {
    /// Whether `dir` holds a log, or what is left of one. A server that knows it had one must not create another.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn exists(dir: &Path) -> io::Result<bool> {
        Ok(dir.is_dir() && (head::path(dir).try_exists()? || !segment::list(dir)?.is_empty()))
    }

    /// Starts a new log; makes the directory.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when there is one; `InUse`, `Seed`, `Io`.
    pub fn create(config: Config) -> Result<Self, OpenError> {
        let io = || OpenError::io(config.dir.as_path());
        DirBuilder::new().recursive(true).mode(0o700).create(&config.dir).map_err(io())?;
        let lock = DirectoryLock::take(&config.dir)?;
        if Self::exists(&config.dir).map_err(io())? {
            return Err(OpenError::Exists(config.dir));
        }
        let signer = Signer::new(&config.seed)?;
        write_public_key(&config.dir, &signer)?;
        let next = Next::allocate(&config.dir, config.segment_bytes).map_err(io())?;
        let mut lines = Group::after(Mark::START);
        lines.push_header(config.clock.now(), &config.instance, 0);
        lines.push_checkpoint(config.clock.now(), &signer).ok_or(OpenError::Seed)?;
        let head = Head { mark: lines.mark, segment: 1, offset: lines.bytes.len() as u64 };
        // The head before the name: opening completes the naming, and a directory with a head is never created over.
        next.write(&lines.bytes).map_err(io())?;
        let head_file = HeadFile::create(&config.dir, head, 0, &signer).map_err(io())?;
        let segment = next.name(&config.dir, 1, head.offset).map_err(io())?;
        let writer = writer(config, signer, head.mark, segment, head_file);
        Self::start(lock, writer)
    }

    /// Opens the log: checks it from the head on, cuts off what a crash left of an unacknowledged group, and says so in
    /// a `recovered` line. [`crate::verify()`] checks the whole.
    ///
    /// # Errors
    /// [`OpenError::Damaged`] when it was altered or truncated (nothing is changed then); `Missing`, `InUse`, `Seed`, `Io`.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let io = || OpenError::io(config.dir.as_path());
        if !Self::exists(&config.dir).map_err(io())? {
            return Err(OpenError::Missing(config.dir));
        }
        let lock = DirectoryLock::take(&config.dir)?;
        let signer = Signer::new(&config.seed)?;
        let checker = Checker::new(&signer.public_key()?).ok_or(OpenError::Seed)?;
        let found = recover::find_end(&config.dir, &checker, config.anchor)?;
        write_public_key(&config.dir, &signer)?;
        let mut mended = set_aside(&config.dir, &found, config.clock.now()).map_err(io())?;
        let segment = Segment::open(&found.segment, found.end.offset, config.segment_bytes).map_err(io())?;
        let head_file = open_head(&config.dir, &found, &signer).map_err(io())?;
        if found.head.bad_slots > 0 || !found.head.is_sound {
            let mended = mended.get_or_insert(Mended::because("unreadable head slot"));
            mended.bad_head_slots = found.head.bad_slots.max(1);
        }
        let _ = std::fs::remove_file(segment::next_path(&config.dir));
        let dir = config.dir.clone();
        let mut writer = writer(config, signer, found.end.mark, segment, head_file);
        writer.mended = mended;
        if let Some(mended) = &writer.mended {
            tracing::warn!(?mended, "the audit log was mended");
            writer.commit(&[]).map_err(OpenError::io(dir))?;
        }
        Self::start(lock, writer)
    }

    fn start(lock: DirectoryLock, writer: Writer) -> Result<Self, OpenError> {
        let shared = Arc::clone(&writer.shared);
        let dir = writer.dir.clone();
        let (queue, waiting) = channel();
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let handle = thread.spawn(move || writer.run(&waiting)).map_err(OpenError::io(dir))?;
        Ok(Self { queue: Some(queue), shared, writer: Some(handle), _dir: lock })
    }

    /// Hands a record over. It is in the queue when this returns and durable when the result resolves; a result that
    /// is dropped takes nothing back.
    #[allow(clippy::needless_pass_by_value, reason = "a record is handed over")]
    pub fn append(&self, record: Record) -> Append {
        let (answer, ticket) = oneshot::channel();
        let waiting = Waiting { time: record.time, fields: record.fields(), answer };
        if let Some(queue) = &self.queue {
            // If the writer is gone the answer's sender is dropped with the record: the ticket says Unavailable.
            let _ = queue.send(waiting);
        }
        Append(ticket)
    }

    /// Appends and waits. Not for tasks of an async runtime, whose threads must not block.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`].
    pub fn append_blocking(&self, record: Record) -> Result<u64, AuditError> {
        self.append(record).wait()
    }

    /// Whether the last group could be written. While not, the log tries by itself every second and on every append.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.shared.writable.load(Ordering::SeqCst)
    }

    /// Whether space for the next segment could not be set aside: records will be refused when the current one is full.
    #[must_use]
    pub fn is_space_low(&self) -> bool {
        self.shared.space_low.load(Ordering::SeqCst)
    }

    /// The last durable line. Kept on another host, it lets [`crate::verify()`] find that the whole directory was
    /// rolled back.
    #[must_use]
    pub fn head(&self) -> Mark {
        *self.shared.head.lock().unwrap_or_else(PoisonError::into_inner)
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

fn writer(config: Config, signer: Signer, mark: Mark, segment: Segment, head_file: HeadFile) -> Writer {
    let Config { dir, instance, segment_bytes, clock, seed: _, anchor: _ } = config;
    let shared = Shared::at(mark);
    let (next, next_asked, mended) = (None, None, None);
    Writer { dir, instance, clock, segment_bytes, signer, mark, segment, head_file, next, next_asked, mended, shared }
}

/// The head file for writing; one whose slots do not belong together, or have no numbers yet, is written anew.
fn open_head(dir: &Path, found: &Found, signer: &Signer) -> io::Result<HeadFile> {
    match found.head.number {
        Some(number) if found.head.is_sound => HeadFile::open(dir, number),
        number => HeadFile::create(dir, found.end, number.map_or(0, |number| number.saturating_add(1)), signer),
    }
}

/// The verifier's copy. The seed decides what the key is: another content is put right, loudly.
fn write_public_key(dir: &Path, signer: &Signer) -> Result<(), OpenError> {
    let path = dir.join(crate::verify::PUBLIC_KEY);
    let text = format!("{}\n", hex::encode(signer.public_key()?));
    match regular::read(&path, text.len() as u64 + 1) {
        Ok(found) if found == text.as_bytes() => return Ok(()),
        Ok(_) => tracing::error!(path = %path.display(), "the audit public key file was altered; writing it anew"),
        Err(error) if regular::is_other_kind(&error) => return Err(OpenError::Io(path, error)),
        Err(_) => {}
    }
    let written = std::fs::write(&path, text).and_then(|()| regular::open(&path)?.sync_all());
    written.map_err(OpenError::io(path))
}
