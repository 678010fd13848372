//! Moves the records of committed changes from the store's outbox to the log, each exactly once
//! (docs/formats/audit.md, "Changes").
//!
//! Rule: an entry leaves the store only when its record is durable in the log. Entries are removed by a pass once a second,
//! many in one commit, so that a change costs one commit and not two.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claviger_audit::{Append, AuditLog, AuditRecord, RequestPlane, find_successful};
use claviger_base::id::RequestId;
use claviger_service::Service;
use claviger_vault::{ChangePlane, OutboxEntry};

use crate::error::StartError;

/// Entries looked up in the log at once.
const STEP: usize = 512;
/// The details of records that were not written with their answer.
const AFTER_RESTART: &str = "written after a restart; the answer may not have left";
pub(super) const NOT_ANSWERED: &str = "the change stands; the answer was an error or did not leave";

/// What is known of the outbox beside what the store holds.
#[derive(Debug)]
pub(super) struct Outbox {
    service: Arc<Service>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Entries without a record in the log, each with the detail of its record.
    unwritten: Vec<(OutboxEntry, Option<&'static str>)>,
    /// Entries whose records are in the log, and which are still in the store.
    written: Vec<OutboxEntry>,
}

impl Outbox {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry of the change that a request has committed, if it has committed one.
    pub(super) fn take(&self, request_id: &RequestId) -> Option<OutboxEntry> {
        self.service.take_committed(request_id)
    }

    /// The log has the record.
    pub(super) fn is_written(&self, entry: OutboxEntry) {
        self.state().written.push(entry);
    }

    /// The log has no record: the next pass tries.
    pub(super) fn is_unwritten(&self, entry: OutboxEntry, detail: Option<&'static str>) {
        self.state().unwritten.push((entry, detail));
    }

    /// Writes, before anything is served, the records that the last run left unwritten; entries that have their record
    /// already are only removed. Blocks, as do all functions below.
    pub(super) fn recover(&self, log: &AuditLog, dir: &Path) -> Result<(), StartError> {
        let mut after = None;
        loop {
            let page = self.service.outbox(after.as_ref(), STEP)?;
            let entries: Vec<OutboxEntry> = page.records.into_iter().map(|stored| stored.record).collect();
            self.sort_out(entries, dir)?;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.pass(log);
        Ok(())
    }

    fn sort_out(&self, entries: Vec<OutboxEntry>, dir: &Path) -> Result<(), StartError> {
        let Some(from) = entries.iter().map(|entry| entry.log_seq).min() else { return Ok(()) };
        let requests: BTreeSet<RequestId> = entries.iter().map(|entry| entry.request_id.clone()).collect();
        let served = find_successful(dir, from, &requests);
        let served = served.map_err(|source| StartError::File { path: dir.to_owned(), source })?;
        for entry in entries {
            if served.contains(&entry.request_id) {
                self.is_written(entry);
            } else {
                // The first start makes its changes before there is a log: nothing was cut off then.
                let detail = (entry.log_seq > 0).then_some(AFTER_RESTART);
                self.is_unwritten(entry, detail);
            }
        }
        Ok(())
    }

    /// Writes the records that are not written yet, also those of changes that the server made by itself, and removes the
    /// entries of those that are.
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
        // All are handed over before the first is waited for, so that they share groups.
        let appends: Vec<Append> = unwritten.iter().map(|(entry, detail)| log.append(record(entry, *detail))).collect();
        for ((entry, detail), append) in unwritten.into_iter().zip(appends) {
            match append.wait() {
                Ok(_seq) => self.is_written(entry),
                Err(_unavailable) => self.is_unwritten(entry, detail),
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

/// The record of a change as its entry tells it.
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
