//! Writing: one thread takes all waiting batches, applies them in order in one transaction, and answers each once they are
//! durable. When a transaction meets a damaged page, it is rolled back, the file is recovered, and the transaction is tried
//! again; if that fails, each batch is tried alone.
//!
//! **Invariant:** a batch is answered with `Done` only after its transaction is committed and synced. If that fails, every batch
//! in it is answered with the error, and no reader of this process sees any of them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Error, OptionalExtension, Transaction, TransactionBehavior, params};

use super::change_kind::ChangeKind;
use super::file_identity::FileIdentity;
use super::read::revision_or_first;
use super::repair::{Reopened, Repair};
use super::watch::CommitSignal;
use crate::contract::{Batch, Commit, Precondition, Revision};
use crate::error::StoreError;

/// The most batches in one transaction, so that none waits long for others.
const GROUP_MAX: usize = 256;
/// How many changes are kept for watches, at least.
const HISTORY_MAX: i64 = 100_000;
/// How many changes are added between two trims: few, so that a commit that trims takes hardly longer.
const TRIM_EVERY: i64 = 1_000;

type Answer = Result<Commit, StoreError>;

enum Job {
    Commit {
        batch: Batch,
        answer: SyncSender<Answer>,
    },
    /// Damage was met in the file of this generation. The answer is whether the file has been replaced.
    Recover {
        generation: u64,
        answer: SyncSender<bool>,
    },
}

/// A handle to the writer thread.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        file_identity: FileIdentity,
        news: Arc<CommitSignal>,
        repair: Repair,
    ) -> Result<Self, StoreError> {
        let (jobs, received) = channel();
        let mut ledger = GroupCommitter::new(connection, file_identity, repair);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || ledger.run(&received, &news))
            .map_err(|error| StoreError::Failed(format!("no writer thread: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn commit(&self, batch: Batch) -> Answer {
        let (answer, answered) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(StoreError::Latched)?;
        jobs.send(Job::Commit { batch, answer }).map_err(|_stopped| StoreError::Latched)?;
        answered.recv().map_err(|_stopped| StoreError::Latched)?
    }

    /// Recovers the file, unless it was replaced since `generation`. Returns whether a retry may succeed.
    pub(super) fn recover(&self, generation: u64) -> bool {
        let (answer, answered) = sync_channel(1);
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job::Recover { generation, answer }).is_ok());
        sent && answered.recv().unwrap_or(false)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has dropped its jobs; their callers got `Latched`.
            let _panicked = thread.join();
        }
    }
}

struct GroupCommitter {
    /// `None` if the file did not open again after an attempt to recover it.
    connection: Option<Connection>,
    file_identity: FileIdentity,
    repair: Repair,
    is_latched: bool,
    /// How many changes are kept. The history is trimmed when there are [`TRIM_EVERY`] more.
    history_max: i64,
    changes_since_trim: i64,
}

impl GroupCommitter {
    fn new(connection: Connection, file_identity: FileIdentity, repair: Repair) -> Self {
        // The first commit trims, because it is not known how many changes were added since the last trim.
        Self {
            connection: Some(connection),
            file_identity,
            repair,
            is_latched: false,
            history_max: HISTORY_MAX,
            changes_since_trim: TRIM_EVERY,
        }
    }

    fn run(&mut self, jobs: &Receiver<Job>, news: &CommitSignal) {
        while let Ok(first) = jobs.recv() {
            let (mut batches, mut answers) = (Vec::new(), Vec::new());
            for job in std::iter::once(first).chain(jobs.try_iter().take(GROUP_MAX - 1)) {
                match job {
                    Job::Commit { batch, answer } => {
                        batches.push(batch);
                        answers.push(answer);
                    }
                    Job::Recover { generation, answer } => {
                        let is_another = self.repair.generation() != generation || self.recover();
                        let _gone = answer.send(is_another);
                    }
                }
            }
            let outcomes = self.commit_group(&batches);
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // The caller may have gone away.
                let _gone = answer.send(outcome);
            }
            news.announce();
        }
        if let Some(connection) = self.connection.as_ref().filter(|_| !self.is_latched) {
            // After this, only one file remains. If it fails, nothing is lost: the next start reads the log.
            let _left_in_log = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        self.repair.close_readers();
        self.connection = None;
    }

    fn commit_group(&mut self, group: &[Batch]) -> Vec<Answer> {
        let mut committed = self.commit_together(group);
        if committed == Err(StoreError::Corrupt) && self.recover() {
            committed = self.commit_together(group);
        }
        match committed {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            // Damage or a refused statement in one batch must not fail the others.
            Err(StoreError::Corrupt | StoreError::StatementRefused(_)) if group.len() > 1 => group
                .iter()
                .map(|batch| self.commit_together(std::slice::from_ref(batch))?.pop().ok_or(StoreError::Corrupt))
                .collect(),
            Err(error) => vec![Err(error); group.len()],
        }
    }

    fn commit_together(&mut self, group: &[Batch]) -> Result<Vec<Commit>, StoreError> {
        if group.is_empty() {
            return Ok(Vec::new());
        }
        let committed = if self.is_latched { Err(StoreError::Latched) } else { self.try_commit_group(group.iter()) };
        // An operator can free space while the server runs; but after another failed write, the state of the file is unknown.
        self.is_latched |= committed.as_ref().is_err_and(|error| !error.is_transient());
        committed
    }

    /// Recovers the file, except after a failed write: then the next start must decide what the log contains.
    fn recover(&mut self) -> bool {
        if self.is_latched || self.repair.must_pause() {
            return false;
        }
        let Some(connection) = self.connection.take() else { return false };
        let (is_recovered, reopened) = self.repair.run(connection);
        match reopened {
            Ok(Reopened { connection, file_identity }) => {
                self.connection = Some(connection);
                self.file_identity = file_identity;
            }
            Err(_unusable) => self.is_latched = true,
        }
        is_recovered && !self.is_latched
    }

    fn try_commit_group<'a>(&mut self, group: impl Iterator<Item = &'a Batch>) -> Result<Vec<Commit>, StoreError> {
        self.file_identity.check()?;
        self.write_group(group).map_err(|error| self.repair.meaning_of(&error))
    }

    fn write_group<'a>(&mut self, group: impl Iterator<Item = &'a Batch>) -> rusqlite::Result<Vec<Commit>> {
        let connection = self.connection.as_mut().ok_or(Error::InvalidQuery)?;
        // Immediate, because SQLite waits for the write lock only at the beginning of a transaction.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before: i64 = transaction
            .prepare_cached("SELECT value FROM counter WHERE name = 'revision'")?
            .query_row([], |row| row.get(0))?;
        let (mut revision, mut changes) = (before, 0);
        let mut answers = Vec::new();
        for batch in group {
            answers.push(match apply(&transaction, batch, revision + 1)? {
                Applied::Changed(count) => {
                    revision += i64::from(count > 0);
                    changes += count;
                    let done = u64::try_from(revision).map_err(|_| Error::IntegralValueOutOfRange(0, revision))?;
                    Commit::Done(Revision(done))
                }
                Applied::Conflict(key) => Commit::Conflict { key },
            });
        }
        if revision > before {
            transaction.prepare_cached("UPDATE counter SET value = ?1 WHERE name = 'revision'")?.execute([revision])?;
        }
        let changes = self.changes_since_trim + changes;
        let is_trim_due = changes >= TRIM_EVERY;
        if is_trim_due {
            trim(&transaction, self.history_max)?;
        }
        transaction.commit()?;
        self.changes_since_trim = if is_trim_due { 0 } else { changes };
        Ok(answers)
    }
}

enum Applied {
    Changed(i64),
    Conflict(Vec<u8>),
}

/// Checks every precondition before the first write, so that a batch with a conflict writes nothing. A write that fails ends
/// the whole transaction.
fn apply(transaction: &Transaction<'_>, batch: &Batch, revision: i64) -> rusqlite::Result<Applied> {
    for (key, precondition) in &batch.preconditions {
        let mut select = transaction.prepare_cached("SELECT revision FROM record WHERE key = ?1")?;
        let found = select.query_row([key], |row| Ok(revision_or_first(row, 0))).optional()?;
        let is_met = match precondition {
            Precondition::Absent => found.is_none(),
            Precondition::At(revision) => found == Some(*revision),
        };
        if !is_met {
            return Ok(Applied::Conflict(key.clone()));
        }
    }
    let mut changes = 0;
    let mut note = transaction.prepare_cached("INSERT INTO change (revision, key, kind) VALUES (?1, ?2, ?3)")?;
    let mut put = transaction.prepare_cached(
        "INSERT INTO record (key, value, revision) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision",
    )?;
    for (key, value) in &batch.puts {
        put.execute(params![key, value, revision])?;
        note.execute(params![revision, key, ChangeKind::Put])?;
        changes += 1;
    }
    let mut delete = transaction.prepare_cached("DELETE FROM record WHERE key = ?1")?;
    for key in &batch.deletes {
        if delete.execute([key])? > 0 {
            note.execute(params![revision, key, ChangeKind::Deleted])?;
            changes += 1;
        }
    }
    Ok(Applied::Changed(changes))
}

/// Trims the history of changes, and stores the last revision that was removed.
fn trim(transaction: &Transaction<'_>, history_max: i64) -> rusqlite::Result<()> {
    let newest: Option<i64> = transaction.query_row("SELECT max(id) FROM change", [], |row| row.get(0))?;
    let horizon = newest.unwrap_or(0) - history_max;
    // Whole revisions only: a watch must never return part of a commit.
    let kept: Option<i64> =
        transaction.query_row("SELECT min(revision) FROM change WHERE id > ?1", [horizon], |row| row.get(0))?;
    if let Some(first) = kept.filter(|_| horizon > 0) {
        transaction.execute("DELETE FROM change WHERE revision < ?1", [first])?;
        transaction.execute("UPDATE counter SET value = ?1 WHERE name = 'compacted'", [first - 1])?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
