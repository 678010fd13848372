//! Commits: the only way from an operation to the store. A commit writes the change together with the outbox entry that
//! describes it for the audit log, and then brings the caches up to date.
//!
//! **Invariant:** while an entry is in the store, the log may lack its record; once it has been removed, the log has it.
//! `server`, which writes the log, takes the entries from here and says which ones it has written.

use std::slice;

use claviger_base::id::RequestId;
use claviger_vault::{Audit, Change, Cursor, OutboxEntry, Outcome, Page, RecordChange};

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::service::Service;

/// Entries removed in one commit. This is below the store's limit on operations per commit.
const REMOVED_PER_COMMIT: usize = 100;

impl Service {
    /// Commits `change` together with the entry that describes it for the audit log. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::AuditLogUnavailable`], before anything is written; those of the vault.
    pub(crate) fn commit(
        &self,
        change: Change<'_>,
        intent: &Intent,
        subject: Subject,
    ) -> Result<Outcome, ServiceError> {
        // While the log takes no records, changes must not pile up unrecorded. One that slips past this check still has
        // its entry in the store.
        if !self.outbox.is_log_writable() {
            return Err(ServiceError::AuditLogUnavailable);
        }
        let entry = intent.entry(subject, self.clock.now(), self.outbox.log_seq());
        let outcome = self.commit_with(change, Audit::Entries(slice::from_ref(&entry)))?;
        if matches!(outcome, Outcome::Done(_)) {
            self.outbox.add(entry);
        }
        Ok(outcome)
    }

    /// Commits a change that needs no audit record; `reason` says why. Blocks.
    ///
    /// # Errors
    /// Those of the vault.
    pub(crate) fn commit_unaudited(&self, change: Change<'_>, reason: &'static str) -> Result<Outcome, ServiceError> {
        self.commit_with(change, Audit::NoRecord(reason))
    }

    fn commit_with(&self, change: Change<'_>, audit: Audit<'_>) -> Result<Outcome, ServiceError> {
        let changes = change.changes();
        let outcome = change.commit(audit);
        // Even after a failure, because the change may nevertheless be durable.
        changes.iter().for_each(|change| self.apply(change));
        Ok(outcome?)
    }

    /// Drops everything that this process keeps in memory about a changed record.
    pub(crate) fn apply(&self, change: &RecordChange) {
        self.caches.apply(change);
        self.iv_ledger.apply(change);
    }

    /// Reports the state of the log: the number of a durable line, and whether the log takes records. An outdated number only
    /// makes the search after a crash longer.
    pub fn set_log_state(&self, log_seq: u64, is_writable: bool) {
        self.outbox.set_log_state(log_seq, is_writable);
    }

    /// The entry of the change that this request committed, if it committed one. Returned once.
    #[must_use]
    pub fn take_committed(&self, request_id: &RequestId) -> Option<OutboxEntry> {
        self.outbox.take(request_id)
    }

    /// The entries of the changes that the server made by itself, in order. Each is returned once.
    #[must_use]
    pub fn take_committed_local(&self) -> Vec<OutboxEntry> {
        self.outbox.take_local()
    }

    /// The entries in the store's outbox, oldest first. Blocks, as do all functions below.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn outbox(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<OutboxEntry>, ServiceError> {
        Ok(self.vault.list::<OutboxEntry>(after, limit)?)
    }

    /// Removes entries whose records are in the log, from the store and then from `entries`.
    ///
    /// # Errors
    /// When the vault fails; `entries` then holds those that are left, for another attempt.
    pub fn remove_from_outbox(&self, entries: &mut Vec<OutboxEntry>) -> Result<(), ServiceError> {
        while !entries.is_empty() {
            let from = entries.len().saturating_sub(REMOVED_PER_COMMIT);
            let last = entries.get(from..).unwrap_or_default();
            let change = last.iter().fold(self.vault.change(), |change, entry| change.delete(entry));
            self.commit_unaudited(change, "the log has the records of these entries")?;
            entries.truncate(from);
        }
        Ok(())
    }
}
