//! Writing: one thread takes all waiting batches, applies each in its own savepoint, makes them durable together, and
//! only then answers each.
//!
//! **Invariant:** a batch is answered `Done` after the transaction that holds it is committed and synced. When that
//! fails, every batch in it is answered with the error and nothing of any is there.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, OptionalExtension, Savepoint, params};

use super::store_error;
use super::watch::News;
use crate::contract::{Batch, Commit, Precondition, Revision};
use crate::error::StoreError;

/// Most batches in one transaction, so that none waits long behind others.
const GROUP_MAX: usize = 256;
/// How many changes are kept for watchers; trimmed when there are a tenth more.
const HISTORY_MAX: i64 = 100_000;

type Answer = Result<Commit, StoreError>;

struct Job {
    batch: Batch,
    answer: SyncSender<Answer>,
}

/// The writer thread's front.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, news: Arc<News>) -> Result<Self, StoreError> {
        let (jobs, received) = channel();
        let mut ledger = Ledger { connection, is_latched: false, changes_since_trim: HISTORY_MAX };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || ledger.run(&received, &news))
            .map_err(|error| StoreError::Failed(format!("no writer thread: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn commit(&self, batch: Batch) -> Answer {
        let (answer, answered) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(StoreError::Latched)?;
        jobs.send(Job { batch, answer }).map_err(|_stopped| StoreError::Latched)?;
        answered.recv().map_err(|_stopped| StoreError::Latched)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has dropped its jobs; their callers were answered `Latched`.
            let _panicked = thread.join();
        }
    }
}

struct Ledger {
    connection: Connection,
    is_latched: bool,
    changes_since_trim: i64,
}

impl Ledger {
    fn run(&mut self, jobs: &Receiver<Job>, news: &News) {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            group.extend(jobs.try_iter().take(GROUP_MAX - 1));
            let answers = self.commit_group(&group);
            for (job, answer) in group.into_iter().zip(answers) {
                // A caller that is gone needs no answer.
                let _gone = job.answer.send(answer);
            }
            news.announce();
        }
    }

    fn commit_group(&mut self, group: &[Job]) -> Vec<Answer> {
        let failed = |error: &StoreError| group.iter().map(|_| Err(error.clone())).collect();
        if self.is_latched {
            return failed(&StoreError::Latched);
        }
        match self.try_commit_group(group) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) => {
                let error = store_error(&error);
                // A full disk is the operator's to mend while we run; anything else means the file is not to be trusted.
                self.is_latched = !matches!(error, StoreError::Full | StoreError::ReadOnly);
                failed(&error)
            }
        }
    }

    fn try_commit_group(&mut self, group: &[Job]) -> rusqlite::Result<Vec<Commit>> {
        let mut transaction = self.connection.transaction()?;
        let mut revision: i64 =
            transaction.query_row("SELECT value FROM counter WHERE name = 'revision'", [], |row| row.get(0))?;
        let mut answers = Vec::with_capacity(group.len());
        let mut changes = 0;
        for job in group {
            let mut savepoint = transaction.savepoint()?;
            match apply(&savepoint, &job.batch, revision + 1)? {
                Applied::Changed(count) => {
                    savepoint.commit()?;
                    revision += 1;
                    changes += count;
                    answers.push(Commit::Done(Revision(u64::try_from(revision).unwrap_or(0))));
                }
                Applied::Conflict(key) => {
                    savepoint.rollback()?;
                    answers.push(Commit::Conflict { key });
                }
            }
        }
        transaction.execute("UPDATE counter SET value = ?1 WHERE name = 'revision'", [revision])?;
        self.changes_since_trim += changes;
        if self.changes_since_trim > HISTORY_MAX / 10 {
            trim(&transaction)?;
            self.changes_since_trim = 0;
        }
        transaction.commit()?;
        Ok(answers)
    }
}

enum Applied {
    Changed(i64),
    Conflict(Vec<u8>),
}

fn apply(savepoint: &Savepoint<'_>, batch: &Batch, revision: i64) -> rusqlite::Result<Applied> {
    for (key, precondition) in &batch.preconditions {
        let mut select = savepoint.prepare_cached("SELECT revision FROM record WHERE key = ?1")?;
        let found: Option<i64> = select.query_row([key], |row| row.get(0)).optional()?;
        let is_met = match precondition {
            Precondition::Absent => found.is_none(),
            Precondition::At(revision) => found.and_then(|found| u64::try_from(found).ok()) == Some(revision.0),
        };
        if !is_met {
            return Ok(Applied::Conflict(key.clone()));
        }
    }
    let mut changes = 0;
    let mut note = savepoint.prepare_cached("INSERT INTO change (revision, key) VALUES (?1, ?2)")?;
    let mut put = savepoint.prepare_cached(
        "INSERT INTO record (key, value, revision) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision",
    )?;
    for (key, value) in &batch.puts {
        put.execute(params![key, value, revision])?;
        note.execute(params![revision, key])?;
        changes += 1;
    }
    let mut delete = savepoint.prepare_cached("DELETE FROM record WHERE key = ?1")?;
    for key in &batch.deletes {
        if delete.execute([key])? > 0 {
            note.execute(params![revision, key])?;
            changes += 1;
        }
    }
    Ok(Applied::Changed(changes))
}

/// Cuts the history of changes to its bound, and remembers up to where it was cut.
fn trim(transaction: &rusqlite::Transaction<'_>) -> rusqlite::Result<()> {
    let newest: Option<i64> = transaction.query_row("SELECT max(id) FROM change", [], |row| row.get(0))?;
    let horizon = newest.unwrap_or(0) - HISTORY_MAX;
    let cut: Option<i64> =
        transaction.query_row("SELECT max(revision) FROM change WHERE id <= ?1", [horizon], |row| row.get(0))?;
    if let Some(revision) = cut {
        // Whole revisions only: a watcher must never see half of a commit.
        transaction.execute("DELETE FROM change WHERE revision <= ?1", [revision])?;
        transaction.execute("UPDATE counter SET value = ?1 WHERE name = 'compacted'", [revision])?;
    }
    Ok(())
}
