//! The outbox of the audit log: entries of committed changes that the writer of the log has not taken yet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use claviger_base::id::RequestId;
use claviger_vault::{ChangePlane, OutboxEntry};

/// Entries committed since the start, and the state of the log as its writer last reported it.
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
    /// Keeps an entry for the writer of the log.
    pub(crate) fn add(&self, entry: OutboxEntry) {
        let mut committed = self.committed();
        match entry.plane {
            ChangePlane::Rpc => drop(committed.requests.insert(entry.request_id.clone(), entry)),
            ChangePlane::Local => committed.local.push(entry),
        }
    }

    /// The entry of this request. Returned once.
    pub(crate) fn take(&self, request_id: &RequestId) -> Option<OutboxEntry> {
        self.committed().requests.remove(request_id)
    }

    /// The entries of changes that no request asked for, in order. Each is returned once.
    pub(crate) fn take_local(&self) -> Vec<OutboxEntry> {
        std::mem::take(&mut self.committed().local)
    }

    pub(crate) fn set_log_state(&self, log_seq: u64, is_writable: bool) {
        self.log_seq.store(log_seq, Ordering::Relaxed);
        self.is_log_writable.store(is_writable, Ordering::Relaxed);
    }

    /// The number of a durable line of the log.
    pub(crate) fn log_seq(&self) -> u64 {
        self.log_seq.load(Ordering::Relaxed)
    }

    pub(crate) fn is_log_writable(&self) -> bool {
        self.is_log_writable.load(Ordering::Relaxed)
    }

    /// A poisoned lock is harmless: nothing that runs under it leaves an entry half written.
    fn committed(&self) -> MutexGuard<'_, Committed> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
