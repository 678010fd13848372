//! The one thread that writes: it takes what is waiting, makes it durable in one piece, then answers.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use claviger_base::id::InstanceId;
use claviger_base::{Clock, Timestamp};
use tokio::sync::oneshot;

use crate::error::AuditError;
use crate::group::{Group, Mended};
use crate::head::{Head, HeadFile};
use crate::line::Mark;
use crate::seal::Signer;
use crate::segment::{Next, Place, Segment};

/// Most bytes written in one piece; the start relies on it to tell a crash from an alteration.
pub(crate) const GROUP_BYTES_MAX: u64 = 1024 * 1024;
/// Texts gathered for one group; the rest is room for numbers, links, a note and the checkpoint.
const GATHERED_BYTES_MAX: usize = 512 * 1024;
const GATHERED_RECORDS_MAX: usize = 2048;
/// How long a failed log waits before it tries by itself, and a refused allocation before it is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// A record on its way.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) time: Timestamp,
    pub(crate) fields: String,
    pub(crate) answer: oneshot::Sender<Result<u64, AuditError>>,
}

/// What other threads may see of the writer.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) writable: AtomicBool,
    pub(crate) space_low: AtomicBool,
    pub(crate) head: Mutex<Mark>,
}

impl Shared {
    pub(crate) fn at(mark: Mark) -> Arc<Self> {
        let (writable, space_low) = (AtomicBool::new(true), AtomicBool::new(false));
        Arc::new(Self { writable, space_low, head: Mutex::new(mark) })
    }
}

/// Everything the writing thread owns.
pub(crate) struct Writer {
    pub(crate) dir: PathBuf,
    pub(crate) instance: InstanceId,
    pub(crate) clock: Clock,
    pub(crate) segment_bytes: u64,
    pub(crate) signer: Signer,
    pub(crate) mark: Mark,
    pub(crate) segment: Segment,
    pub(crate) head_file: HeadFile,
    pub(crate) next: Option<Next>,
    pub(crate) next_asked: Option<Instant>,
    pub(crate) mended: Option<Mended>,
    pub(crate) shared: Arc<Shared>,
}

impl Writer {
    /// Serves `queue` until every sender is gone and it is empty.
    pub(crate) fn run(mut self, queue: &Receiver<Waiting>) {
        loop {
            let first = if self.shared.writable.load(Ordering::SeqCst) {
                queue.recv().map_err(|_closed| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(RETRY)
            };
            match first {
                Ok(first) => self.serve(gather(first, queue)),
                Err(RecvTimeoutError::Timeout) => self.serve(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.allocate_next();
        }
    }

    fn serve(&mut self, group: Vec<Waiting>) {
        let outcome = self.commit(&group);
        match &outcome {
            Ok(_) => {
                if !self.shared.writable.swap(true, Ordering::SeqCst) {
                    tracing::warn!("the audit log can be written again");
                }
            }
            Err(error) => self.fail(error, group.len()),
        }
        for (waiting, at) in group.into_iter().zip(0..) {
            let seq = outcome.as_ref().map(|first| first + at).map_err(|_written| AuditError::Unavailable);
            // The asker may have gone; its record stays.
            let _ = waiting.answer.send(seq);
        }
    }

    fn fail(&mut self, error: &io::Error, refused: usize) {
        if self.shared.writable.swap(false, Ordering::SeqCst) {
            tracing::error!(%error, segment = %self.segment.path().display(), "the audit log cannot be written");
        }
        let mended = self.mended.get_or_insert(Mended::because("write failure"));
        mended.refused = mended.refused.saturating_add(refused as u64);
        // Also done before the next group; now, so that the space is free and a copy of the log is clean.
        if matches!(self.segment.place(), Place::Longer { .. }) {
            let _ = self.segment.cut_back();
        }
    }

    /// Makes `group` durable; the number of its first record.
    pub(crate) fn commit(&mut self, group: &[Waiting]) -> io::Result<u64> {
        self.settle(group)?;
        let now = self.clock.now();
        let mut lines = Group::after(self.mark);
        if let Some(mended) = &self.mended {
            lines.push(now, "recovered", &mended.fields());
        }
        let first = lines.mark.seq.saturating_add(1);
        for waiting in group {
            lines.push(waiting.time, "request", &waiting.fields);
        }
        lines.push_checkpoint(now, &self.signer).ok_or(io::ErrorKind::Other)?;
        self.segment.append(&lines.bytes)?;
        self.mark = lines.mark;
        self.mended = None;
        *self.shared.head.lock().unwrap_or_else(PoisonError::into_inner) = self.mark;
        self.write_head();
        Ok(first)
    }

    /// Before a group: is the file still ours, clean and large enough?
    fn settle(&mut self, group: &[Waiting]) -> io::Result<()> {
        match self.segment.place() {
            Place::AsLeft => {}
            Place::Longer { by } => {
                // What a failed write left is already being noted.
                if self.mended.is_none() {
                    let path = self.segment.path().display();
                    tracing::error!(segment = %path, bytes = by, "another program wrote to the audit log; cutting it off");
                    self.mended = Some(Mended { cut_bytes: by, ..Mended::because("foreign bytes") });
                }
                self.segment.cut_back()?;
            }
            Place::Gone => {
                let path = self.segment.path().display();
                tracing::error!(segment = %path, "the audit log was removed or shortened while in use; starting a new segment");
                self.mended.get_or_insert(Mended::because("")).reason = "segment removed";
                self.next = None;
                return self.rotate();
            }
        }
        let expected: usize = group.iter().map(|waiting| waiting.fields.len() + 180).sum();
        let would_end = self.segment.end.saturating_add(expected as u64).saturating_add(1024);
        let has_lines = self.mark.seq > self.segment.first_seq;
        // A note alone stays in the segment it is about: the lines it counts stand right before it.
        if would_end > self.segment_bytes && has_lines && !group.is_empty() { self.rotate() } else { Ok(()) }
    }

    /// Goes over to the next segment. Its header becomes part of the log at once, whatever happens to the group.
    fn rotate(&mut self) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let next = match self.next.take() {
            Some(next) => next,
            None => self.new_segment()?,
        };
        let mut header = Group::after(self.mark);
        let first_seq = self.mark.seq.saturating_add(1);
        header.push_header(self.clock.now(), &self.instance, self.segment.first_seq);
        next.write(&header.bytes)?;
        let segment = next.name(&self.dir, first_seq, header.bytes.len() as u64)?;
        std::mem::replace(&mut self.segment, segment).finish();
        self.mark = header.mark;
        Ok(())
    }

    /// A segment made at the last moment, with space set aside if there is any.
    fn new_segment(&self) -> io::Result<Next> {
        Next::allocate(&self.dir, self.segment_bytes).or_else(|error| {
            self.shared.space_low.store(true, Ordering::SeqCst);
            tracing::error!(%error, "no space could be set aside for the next audit segment");
            Next::empty(&self.dir)
        })
    }

    /// When the segment is three quarters full, sets the next one's space aside, so that a full disk shows early.
    fn allocate_next(&mut self) {
        let is_due = self.next.is_none() && self.segment.end >= self.segment_bytes / 4 * 3;
        if !is_due || self.next_asked.is_some_and(|asked| asked.elapsed() < RETRY) {
            return;
        }
        self.next_asked = Some(Instant::now());
        match Next::allocate(&self.dir, self.segment_bytes) {
            Ok(next) => {
                self.next = Some(next);
                self.shared.space_low.store(false, Ordering::SeqCst);
            }
            Err(error) => {
                self.shared.space_low.store(true, Ordering::SeqCst);
                tracing::warn!(%error, "no space could be set aside for the next audit segment");
            }
        }
    }

    /// After the log is durable. A head that cannot be written weakens the evidence and loses nothing.
    fn write_head(&mut self) {
        let head = Head { mark: self.mark, segment: self.segment.first_seq, offset: self.segment.end };
        let written = if self.head_file.is_in_place() {
            self.head_file.write(head, &self.signer)
        } else {
            tracing::error!("the audit head file was removed or replaced while in use; writing it anew");
            HeadFile::create(&self.dir, head, self.head_file.next(), &self.signer).map(|file| self.head_file = file)
        };
        if let Err(error) = written {
            tracing::error!(%error, "the audit head file cannot be written");
        }
    }
}

/// What is waiting now, up to one group.
fn gather(first: Waiting, queue: &Receiver<Waiting>) -> Vec<Waiting> {
    let mut bytes = first.fields.len();
    let mut group = vec![first];
    while bytes < GATHERED_BYTES_MAX && group.len() < GATHERED_RECORDS_MAX {
        let Ok(waiting) = queue.try_recv() else { break };
        bytes += waiting.fields.len();
        group.push(waiting);
    }
    group
}
