//! The writer thread: collects pending records, makes them durable in one write, then answers.

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
use crate::group::{Group, Repair};
use crate::head::HeadFile;
use crate::position::{Head, LogPosition};
use crate::segment::{FileState, NextSegment, Segment};
use crate::signing::Signer;

/// Most bytes of records collected for one group. The rest of the group is for numbers, hashes, a `recovered` line and
/// the checkpoint.
const COLLECTED_BYTES_MAX: usize = 512 * 1024;
const COLLECTED_RECORDS_MAX: usize = 2048;
/// How long to wait before retrying after a failed write or a failed preallocation.
const RETRY: Duration = Duration::from_secs(1);

/// A record waiting to be written.
#[derive(Debug)]
pub(crate) struct PendingRecord {
    pub(crate) time: Timestamp,
    pub(crate) fields: String,
    pub(crate) answer: oneshot::Sender<Result<u64, AuditError>>,
}

/// The state of the writer that other threads may read.
#[derive(Debug)]
pub(crate) struct WriterStatus {
    pub(crate) writable: AtomicBool,
    pub(crate) space_low: AtomicBool,
    pub(crate) head: Mutex<LogPosition>,
}

impl WriterStatus {
    pub(crate) fn at(position: LogPosition) -> Arc<Self> {
        let (writable, space_low) = (AtomicBool::new(true), AtomicBool::new(false));
        Arc::new(Self { writable, space_low, head: Mutex::new(position) })
    }
}

/// Everything that the writer thread owns.
pub(crate) struct Writer {
    pub(crate) dir: PathBuf,
    pub(crate) instance: InstanceId,
    pub(crate) clock: Clock,
    pub(crate) segment_bytes: u64,
    pub(crate) signer: Signer,
    pub(crate) position: LogPosition,
    pub(crate) segment: Segment,
    pub(crate) head_file: HeadFile,
    pub(crate) next: Option<NextSegment>,
    pub(crate) preallocation_tried: Option<Instant>,
    pub(crate) repair: Option<Repair>,
    pub(crate) status: Arc<WriterStatus>,
}

impl Writer {
    /// Writes records from `queue` until every sender is gone and the queue is empty.
    pub(crate) fn run(mut self, queue: &Receiver<PendingRecord>) {
        loop {
            let first = if self.status.writable.load(Ordering::SeqCst) {
                queue.recv().map_err(|_closed| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(RETRY)
            };
            match first {
                Ok(first) => self.write_and_answer(collect(first, queue)),
                Err(RecvTimeoutError::Timeout) => self.write_and_answer(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.allocate_next();
        }
    }

    fn write_and_answer(&mut self, group: Vec<PendingRecord>) {
        let outcome = self.commit(&group);
        match &outcome {
            Ok(_) => {
                if !self.status.writable.swap(true, Ordering::SeqCst) {
                    tracing::warn!("the audit log can be written again");
                }
            }
            Err(error) => self.note_failure(error, group.len()),
        }
        for (pending, at) in group.into_iter().zip(0..) {
            let seq = outcome.as_ref().map(|first| first + at).map_err(|_written| AuditError::Unavailable);
            // The caller may be gone; its record stays.
            let _ = pending.answer.send(seq);
        }
    }

    fn note_failure(&mut self, error: &io::Error, refused: usize) {
        if self.status.writable.swap(false, Ordering::SeqCst) {
            tracing::error!(%error, segment = %self.segment.path().display(), "the audit log cannot be written");
        }
        let repair = self.repair.get_or_insert(Repair::new("write failure"));
        repair.refused = repair.refused.saturating_add(refused as u64);
        // The next group does this too. Doing it now frees the space and leaves the file clean for a copy.
        if matches!(self.segment.state(), FileState::Longer { .. }) {
            let _ = self.segment.cut_back();
        }
    }

    /// Makes `group` durable. Returns the number of its first record.
    pub(crate) fn commit(&mut self, group: &[PendingRecord]) -> io::Result<u64> {
        self.prepare_segment(group)?;
        let now = self.clock.now();
        let mut lines = Group::after(self.position);
        if let Some(repair) = &self.repair {
            lines.push(now, "recovered", &repair.fields());
        }
        let first = lines.position.seq.saturating_add(1);
        for pending in group {
            lines.push(pending.time, "request", &pending.fields);
        }
        lines.push_checkpoint(now, &self.signer).ok_or(io::ErrorKind::Other)?;
        self.segment.append(&lines.bytes)?;
        self.position = lines.position;
        self.repair = None;
        *self.status.head.lock().unwrap_or_else(PoisonError::into_inner) = self.position;
        self.write_head();
        Ok(first)
    }

    /// Before a group: checks that the file is still in place, clean and large enough.
    fn prepare_segment(&mut self, group: &[PendingRecord]) -> io::Result<()> {
        match self.segment.state() {
            FileState::Unchanged => {}
            FileState::Longer { by } => {
                // What a failed write left is already noted.
                if self.repair.is_none() {
                    let path = self.segment.path().display();
                    tracing::error!(segment = %path, bytes = by, "another program wrote to the audit log; its bytes are cut off");
                    self.repair = Some(Repair { cut_bytes: by, ..Repair::new("foreign bytes") });
                }
                self.segment.cut_back()?;
            }
            FileState::Gone => {
                let path = self.segment.path().display();
                tracing::error!(segment = %path, "the audit log was removed or shortened while in use; starting a new segment");
                self.repair.get_or_insert(Repair::new("")).reason = "segment removed";
                self.next = None;
                return self.rotate();
            }
        }
        let expected: usize = group.iter().map(|pending| pending.fields.len() + 180).sum();
        let would_end = self.segment.end.saturating_add(expected as u64).saturating_add(1024);
        let has_lines = self.position.seq > self.segment.first_seq;
        // A group of only a `recovered` line stays in the segment that was repaired, right after the lines that it reports on.
        if would_end > self.segment_bytes && has_lines && !group.is_empty() { self.rotate() } else { Ok(()) }
    }

    /// Switches to the next segment. Its header becomes part of the log at once, whatever happens to the group.
    fn rotate(&mut self) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let next = match self.next.take() {
            Some(next) => next,
            None => self.new_segment()?,
        };
        let mut header = Group::after(self.position);
        let first_seq = self.position.seq.saturating_add(1);
        header.push_header(self.clock.now(), &self.instance, self.segment.first_seq);
        next.write(&header.bytes)?;
        let segment = next.activate(&self.dir, first_seq, header.bytes.len() as u64)?;
        std::mem::replace(&mut self.segment, segment).finish();
        self.position = header.position;
        Ok(())
    }

    /// Creates a segment that was not prepared in time, preallocated if there is space.
    fn new_segment(&self) -> io::Result<NextSegment> {
        NextSegment::allocate(&self.dir, self.segment_bytes).or_else(|error| {
            self.status.space_low.store(true, Ordering::SeqCst);
            tracing::error!(%error, "no space could be preallocated for the next audit segment");
            NextSegment::empty(&self.dir)
        })
    }

    /// Preallocates the next segment once the current one is three quarters full, so that a full disk is noticed early.
    fn allocate_next(&mut self) {
        let is_due = self.next.is_none() && self.segment.end >= self.segment_bytes / 4 * 3;
        if !is_due || self.preallocation_tried.is_some_and(|tried| tried.elapsed() < RETRY) {
            return;
        }
        self.preallocation_tried = Some(Instant::now());
        match NextSegment::allocate(&self.dir, self.segment_bytes) {
            Ok(next) => {
                self.next = Some(next);
                self.status.space_low.store(false, Ordering::SeqCst);
            }
            Err(error) => {
                self.status.space_low.store(true, Ordering::SeqCst);
                tracing::warn!(%error, "no space could be preallocated for the next audit segment");
            }
        }
    }

    /// Called after the log is durable. A failure to write the head weakens the evidence but loses nothing.
    fn write_head(&mut self) {
        let head = Head { position: self.position, segment: self.segment.first_seq, offset: self.segment.end };
        let written = if self.head_file.is_in_place() {
            self.head_file.write(head, &self.signer)
        } else {
            tracing::error!("the audit head file was removed or replaced while in use; rewriting it");
            HeadFile::create(&self.dir, head, self.head_file.next(), &self.signer).map(|file| self.head_file = file)
        };
        if let Err(error) = written {
            tracing::error!(%error, "the audit head file cannot be written");
        }
    }
}

/// Collects the records that are pending now, up to one group.
fn collect(first: PendingRecord, queue: &Receiver<PendingRecord>) -> Vec<PendingRecord> {
    let mut bytes = first.fields.len();
    let mut group = vec![first];
    while bytes < COLLECTED_BYTES_MAX && group.len() < COLLECTED_RECORDS_MAX {
        let Ok(pending) = queue.try_recv() else { break };
        bytes += pending.fields.len();
        group.push(pending);
    }
    group
}
