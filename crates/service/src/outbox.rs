//! Changes and the entries that tell the audit log of them: one commit for both, then the log, then the entry is removed.
//!
//! **Invariant:** while an entry is in the store, the log may lack its record; when it is gone, the log has it. Whoever
//! writes the log (`server`) takes the entries from here and says which are done with.

use std::collections::BTreeMap;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_base::id::RequestId;
use claviger_vault::{Audit, Change, ChangePlane, Cursor, OutboxEntry, Outcome, Page};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::service::Service;

/// Entries removed in one commit: below the store's limit of operations.
const REMOVED_PER_COMMIT: usize = 100;

/// Entries that were committed since the start and that the writer of the log has not taken yet.
#[derive(Debug)]
pub(crate) struct Outbox {
    log_seq: AtomicU64,
    is_log_writable: AtomicBool,
    committed: Mutex<Committed>,
}

#[derive(Debug, Default)]
struct Committed {
    requests: BTreeMap<RequestId, OutboxEntry>,
    local: Vec<OutboxEntry>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { log_seq: AtomicU64::new(0), is_log_writable: AtomicBool::new(true), committed: Mutex::default() }
    }
}

impl Outbox {
    fn committed(&self) -> MutexGuard<'_, Committed> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, entry: OutboxEntry) {
        let mut committed = self.committed();
        match entry.plane {
            ChangePlane::Rpc => drop(committed.requests.insert(entry.request_id.clone(), entry)),
            ChangePlane::Local => committed.local.push(entry),
        }
    }
}

impl Service {
    /// Commits `change` together with the entry that tells the log of it. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::AuditLogUnavailable`], before anything is written; those of the vault.
    pub(crate) fn commit(
        &self,
        change: Change<'_>,
        intent: &Intent,
        changed: Changed,
    ) -> Result<Outcome, ServiceError> {
        // Changes are not piled up that nobody can be told of. One that slips through has its entry in the store.
        if !self.outbox.is_log_writable.load(Ordering::Relaxed) {
            return Err(ServiceError::AuditLogUnavailable);
        }
        let entry = intent.entry(changed, self.clock.now(), self.outbox.log_seq.load(Ordering::Relaxed));
        let outcome = change.commit(Audit::Entries(slice::from_ref(&entry)))?;
        if matches!(outcome, Outcome::Done(_)) {
            self.outbox.add(entry);
        }
        Ok(outcome)
    }

    /// How the log is: the number of a line that is durable, and whether it takes records. Told from time to time; an
    /// older number costs a longer search after a crash.
    pub fn set_log_state(&self, log_seq: u64, is_writable: bool) {
        self.outbox.log_seq.store(log_seq, Ordering::Relaxed);
        self.outbox.is_log_writable.store(is_writable, Ordering::Relaxed);
    }

    /// The entry of the change that this request has committed, if it has. Given once.
    #[must_use]
    pub fn take_committed(&self, request_id: &RequestId) -> Option<OutboxEntry> {
        self.outbox.committed().requests.remove(request_id)
    }

    /// The entries of the changes that the server has made by itself, in order. Each is given once.
    #[must_use]
    pub fn take_committed_local(&self) -> Vec<OutboxEntry> {
        std::mem::take(&mut self.outbox.committed().local)
    }

    /// What the store's outbox holds, oldest first. Blocks, as all below.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn outbox(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<OutboxEntry>, ServiceError> {
        Ok(self.vault.list::<OutboxEntry>(after, limit)?)
    }

    /// Removes entries whose records are in the log; those that were removed are taken out of `entries`.
    ///
    /// # Errors
    /// When the vault fails; what is left in `entries` may be tried again.
    pub fn remove_from_outbox(&self, entries: &mut Vec<OutboxEntry>) -> Result<(), ServiceError> {
        while !entries.is_empty() {
            let from = entries.len().saturating_sub(REMOVED_PER_COMMIT);
            let last = entries.get(from..).unwrap_or_default();
            let change = last.iter().fold(self.vault.change(), |change, entry| change.delete(entry));
            change.commit(Audit::NoRecord("what the entries tell of is in the log"))?;
            entries.truncate(from);
        }
        Ok(())
    }
}
