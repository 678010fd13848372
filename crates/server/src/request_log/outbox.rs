//! Moves the records of committed changes from the store's outbox to the log, each exactly once
//! (docs/formats/audit.md, "Changes").
//!
//! An entry is removed from the store only after its record is durable in the log. A pass once a second removes many
//! entries in one commit, so that a change costs one commit instead of two.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claviger_audit::{Append, AuditLog, AuditRecord, RequestPlane, find_successful};
use claviger_base::id::RequestId;
use claviger_service::Service;
use claviger_vault::{ChangePlane, OutboxEntry};

use crate::error::StartError;

/// Entries per lookup in the log.
const BATCH: usize = 512;
/// The details of records that were not written before the answer.
const AFTER_RESTART: &str = "written after a restart; the answer may not have left";
pub(super) const NOT_ANSWERED: &str = "the change stands; the answer was an error or did not leave";

/// The state of the outbox in memory; the store contains the entries.
#[derive(Debug)]
pub(super) struct Outbox {
    service: Arc<Service>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Entries without a record in the log, each with the detail for its record.
    unwritten: Vec<(OutboxEntry, Option<&'static str>)>,
    /// Entries that have a record in the log and are still in the store.
    written: Vec<OutboxEntry>,
}

impl Outbox {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry of the change that a request committed, if any.
    pub(super) fn take(&self, request_id: &RequestId) -> Option<OutboxEntry> {
        self.service.take_committed(request_id)
    }

    /// Notes that the log has the record.
    pub(super) fn note_written(&self, entry: OutboxEntry) {
        self.state().written.push(entry);
    }

    /// Notes that the log has no record: the next pass tries again.
    pub(super) fn note_unwritten(&self, entry: OutboxEntry, detail: Option<&'static str>) {
        self.state().unwritten.push((entry, detail));
    }

    /// Writes the records that the last run left unwritten, before the server accepts requests; entries that have a record
    /// already are only removed. This function and all below block.
    pub(super) fn recover(&self, log: &AuditLog, dir: &Path) -> Result<(), StartError> {
        let mut after = None;
        loop {
            let page = self.service.outbox(after.as_ref(), BATCH)?;
            let entries: Vec<OutboxEntry> = page.records.into_iter().map(|stored| stored.record).collect();
            self.classify(entries, dir)?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.pass(log);
        Ok(())
    }

    fn classify(&self, entries: Vec<OutboxEntry>, dir: &Path) -> Result<(), StartError> {
        let Some(from) = entries.iter().map(|entry| entry.log_seq).min() else { return Ok(()) };
        let requests: BTreeSet<RequestId> = entries.iter().map(|entry| entry.request_id.clone()).collect();
        let served = find_successful(dir, from, &requests);
        let served = served.map_err(|source| StartError::File { path: dir.to_owned(), source })?;
        for entry in entries {
            if served.contains(&entry.request_id) {
                self.note_written(entry);
            } else {
                // The first start makes its changes before the log exists: they were not interrupted.
                let detail = (entry.log_seq > 0).then_some(AFTER_RESTART);
                self.note_unwritten(entry, detail);
            }
        }
        Ok(())
    }

    /// Writes the missing records, including those of changes by the server itself, and removes the entries of written
    /// records.
    pub(super) fn pass(&self, log: &AuditLog) {
        self.service.set_log_state(log.head().seq, log.is_writable());
        let local = self.service.take_committed_local();
        self.state().unwritten.extend(local.into_iter().map(|entry| (entry, None)));
        if log.is_writable() {
            self.write_unwritten(log);
        }
        self.remove_written();
    }

    fn write_unwritten(&self, log: &AuditLog) {
        let unwritten = std::mem::take(&mut self.state().unwritten);
        // Submit all before waiting for the first, so that they are written in groups.
        let appends: Vec<Append> = unwritten.iter().map(|(entry, detail)| log.append(record(entry, *detail))).collect();
        for ((entry, detail), append) in unwritten.into_iter().zip(appends) {
            match append.wait() {
                Ok(_seq) => self.note_written(entry),
                Err(_unavailable) => self.note_unwritten(entry, detail),
            }
        }
    }

    fn remove_written(&self) {
        let mut written = std::mem::take(&mut self.state().written);
        if let Err(error) = self.service.remove_from_outbox(&mut written) {
            tracing::error!(%error, "entries of the audit outbox could not be removed; trying again");
            self.state().written.append(&mut written);
        }
    }
}

/// The record of a change, from its outbox entry.
pub(super) fn record(entry: &OutboxEntry, detail: Option<&'static str>) -> AuditRecord {
    let (plane, status) = match entry.plane {
        ChangePlane::Rpc => (RequestPlane::Rpc, 200),
        ChangePlane::Local => (RequestPlane::Local, 0),
    };
    AuditRecord {
        time: entry.time,
        request_id: entry.request_id.clone(),
        plane,
        operation: entry.operation.clone(),
        principal: entry.principal.clone(),
        source: entry.source,
        key_id: entry.key_id.clone(),
        named: entry.named.clone(),
        key_version_id: entry.key_version_id.clone(),
        code: "OK".to_owned(),
        status,
        duration_us: entry.duration_us,
        detail,
        repeated: None,
    }
}
