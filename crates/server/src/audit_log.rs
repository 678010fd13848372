//! Ties the audit log to the store. The store keeps the key that signs the log, and an anchor: a line that the log must
//! contain, at most a second old while the log grows.
//!
//! A server never continues a log that is missing, truncated or replaced. Every new log has a new key.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claviger_audit::{AuditConfig, AuditLog, LogPosition, lines_after, public_key_of};
use claviger_base::id::InstanceId;
use claviger_base::{Clock, SecretBytes};
use claviger_vault::{Audit, AuditAnchor, AuditSigningKey, FileSeal, Outcome, Stored, Vault, VaultError};

use crate::error::StartError;
use crate::request_log::RequestLog;
use crate::store_config::store_in;

/// Bytes of an Ed25519 seed.
const SEED_BYTES: usize = 32;
/// Interval of the anchor updates.
const ANCHOR_INTERVAL: Duration = Duration::from_secs(1);

/// A record in the log about the position of the log would move that position.
const NO_RECORD: Audit<'static> = Audit::NoRecord("the state of the log in the store is not an audited change");

/// The options of a log.
pub(crate) struct LogOptions {
    pub(crate) dir: PathBuf,
    pub(crate) instance: InstanceId,
    pub(crate) segment_bytes: u64,
    pub(crate) clock: Clock,
}

impl LogOptions {
    fn config(self, seed: &SecretBytes, anchor: Option<LogPosition>) -> AuditConfig {
        let Self { dir, instance, segment_bytes, clock } = self;
        AuditConfig { dir, instance, segment_bytes, clock, seed: seed.duplicate(), anchor }
    }
}

/// Opens the log of this store, or creates it when the store has never had one.
///
/// # Errors
/// [`StartError`]. Nothing is changed in that case.
pub(crate) fn open(vault: &Vault, options: LogOptions) -> Result<AuditLog, StartError> {
    let signing = vault.single::<AuditSigningKey>()?.ok_or(VaultError::Empty)?;
    let anchor = vault.single::<AuditAnchor>()?.map(|stored| stored.record);
    if signing.record.has_anchor && anchor.is_none() {
        return Err(StartError::AuditAnchorLost);
    }
    let public_key = public_key_of(&signing.record.seed)?;
    if anchor.is_some_and(|anchor| anchor.public_key != public_key) {
        return Err(StartError::AuditKeyReplaced);
    }
    let exists =
        AuditLog::exists(&options.dir).map_err(|source| StartError::File { path: options.dir.clone(), source })?;
    let had_log = signing.record.has_log || anchor.is_some_and(|anchor| anchor.seq > 0);
    if !exists && !had_log {
        return create(vault, &signing, options);
    }
    let position = anchor.map(|anchor| LogPosition { seq: anchor.seq, chain: anchor.chain });
    let dir = options.dir.clone();
    // Counted before this start appends records.
    let lines_after_anchor = position.and_then(|position| lines_after(&dir, position.seq, u64::MAX).ok());
    let log = AuditLog::open(options.config(&signing.record.seed, position))?;
    if let Some(warning) = lines_after_anchor.and_then(|lines| lines.warning()) {
        tracing::warn!("{warning}");
    }
    let is_complete = signing.record.has_log && signing.record.has_anchor;
    if !is_complete {
        // The log is older than anchors, or the first start was interrupted here.
        store_log_state(vault, &signing, &log, public_key)?;
    }
    Ok(log)
}

/// Creates a log with a new key. The store gets the key before the log is created and learns afterwards that the log exists, so
/// that the next start can complete an interrupted creation.
fn create(vault: &Vault, signing: &Stored<AuditSigningKey>, options: LogOptions) -> Result<AuditLog, StartError> {
    replace_key(vault, signing, NO_RECORD)?;
    let signing = vault.single::<AuditSigningKey>()?.ok_or(VaultError::Empty)?;
    let public_key = public_key_of(&signing.record.seed)?;
    let log = AuditLog::create(options.config(&signing.record.seed, None))?;
    store_log_state(vault, &signing, &log, public_key)?;
    Ok(log)
}

/// Stores the key of a log that will be created, with the audit record of this change.
///
/// # Errors
/// [`StartError`].
pub(crate) fn replace_key(
    vault: &Vault,
    signing: &Stored<AuditSigningKey>,
    record: Audit<'_>,
) -> Result<(), StartError> {
    let seed = SecretBytes::random(SEED_BYTES).map_err(|_unavailable| StartError::Random)?;
    let anchor = AuditAnchor { public_key: public_key_of(&seed)?, seq: 0, chain: LogPosition::START.chain };
    let replaced = AuditSigningKey { seed, has_log: false, has_anchor: true };
    require_done(vault.change().update(signing, &replaced)?.put(&anchor)?.commit(record)?)
}

fn store_log_state(
    vault: &Vault,
    signing: &Stored<AuditSigningKey>,
    log: &AuditLog,
    public_key: [u8; 32],
) -> Result<(), StartError> {
    let head = log.head();
    let anchor = AuditAnchor { public_key, seq: head.seq, chain: head.chain };
    let begun = AuditSigningKey { seed: signing.record.seed.duplicate(), has_log: true, has_anchor: true };
    require_done(vault.change().update(signing, &begun)?.put(&anchor)?.commit(NO_RECORD)?)
}

fn require_done(outcome: Outcome) -> Result<(), StartError> {
    match outcome {
        Outcome::Done(_) => Ok(()),
        // The store is locked, so no other process can have changed the record.
        Outcome::Conflict => Err(VaultError::NotEmpty.into()),
    }
}

/// Stores an anchor once a second while the log grows. Never returns.
pub(crate) async fn store_anchors(vault: Arc<Vault>, request_log: Arc<RequestLog>) {
    loop {
        tokio::time::sleep(ANCHOR_INTERVAL).await;
        let (vault, request_log) = (Arc::clone(&vault), Arc::clone(&request_log));
        // The panic hook reports a panic. The next iteration tries again.
        let _panicked = tokio::task::spawn_blocking(move || store_anchor(&vault, &request_log)).await;
    }
}

/// Stores the last durable line of the log as the anchor, so the anchor is never ahead of the log. If the store cannot be
/// written, the anchor stays at an earlier line.
pub(crate) fn store_anchor(vault: &Vault, request_log: &RequestLog) {
    let head = request_log.head();
    let outdated = vault.single::<AuditAnchor>().ok().flatten().filter(|stored| stored.record.seq < head.seq);
    let Some(stored) = outdated else { return };
    let anchor = AuditAnchor { seq: head.seq, chain: head.chain, ..stored.record };
    let change = vault.change().update(&stored, &anchor);
    if let Err(error) = change.and_then(|change| change.commit(NO_RECORD)) {
        tracing::warn!(%error, "the audit anchor could not be stored; retrying");
    }
}

/// The public key of the audit log and a line that the log must contain, for the offline verifier. Reads the store without
/// changing it, even while a server runs. `None` when the store is older than anchors.
///
/// # Errors
/// [`StartError`].
pub fn stored_audit_anchor(
    data_dir: &Path,
    root_key_file: &Path,
) -> Result<Option<([u8; 32], LogPosition)>, StartError> {
    if !store_in(data_dir).exists() {
        return Err(VaultError::Empty.into());
    }
    // This opens read-only and creates no files next to the store of a stopped server.
    let engine = claviger_store::open_for_inspection(&store_in(data_dir))?;
    let vault = Vault::open(engine, &FileSeal::open(root_key_file)?)?;
    let Some(stored) = vault.single::<AuditAnchor>()? else {
        let has_anchor = vault.single::<AuditSigningKey>()?.is_some_and(|stored| stored.record.has_anchor);
        return if has_anchor { Err(StartError::AuditAnchorLost) } else { Ok(None) };
    };
    let AuditAnchor { public_key, seq, chain } = stored.record;
    Ok(Some((public_key, LogPosition { seq, chain })))
}
