//! The audit log and the store hold on to each other: the store keeps the key that signs the log and an anchor, a line that the
//! log must contain, at most a second old while it grows.
//!
//! Rule kept: a log that was begun and is gone, cut off, or another one is never gone on with; and a new log has a new key.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claviger_audit::{AuditLog, Config, Mark, lines_behind, public_key_of};
use claviger_base::id::InstanceId;
use claviger_base::{Clock, SecretBytes};
use claviger_store::SqliteEngine;
use claviger_vault::{Audit, AuditAnchor, AuditSigningKey, FileSeal, Outcome, Stored, Vault, VaultError};

use crate::error::StartError;
use crate::journal::Journal;

/// Bytes of an Ed25519 seed.
const SEED_BYTES: usize = 32;
/// Between two looks at how far the log has got.
const ANCHOR_EVERY: Duration = Duration::from_secs(1);

/// The log cannot hold a record of how far it has got.
const NO_RECORD: Audit<'static> = Audit::NoRecord("what the store knows of the log is no change that the log tells of");

/// Where a log lies, and how it is written.
pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    pub(crate) instance: InstanceId,
    pub(crate) segment_bytes: u64,
    pub(crate) clock: Clock,
}

impl Place {
    fn config(self, seed: &SecretBytes, anchor: Option<Mark>) -> Config {
        let Self { dir, instance, segment_bytes, clock } = self;
        Config { dir, instance, segment_bytes, clock, seed: seed.duplicate(), anchor }
    }
}

/// Opens the log of this store, or begins it when it was never begun.
///
/// # Errors
/// [`StartError`]; nothing is changed then.
pub(crate) fn open(vault: &Vault, place: Place) -> Result<AuditLog, StartError> {
    let signing = vault.single::<AuditSigningKey>()?.ok_or(VaultError::Empty)?;
    let anchor = vault.single::<AuditAnchor>()?.map(|stored| stored.record);
    if signing.record.has_anchor && anchor.is_none() {
        return Err(StartError::AuditAnchorLost);
    }
    let public_key = public_key_of(&signing.record.seed)?;
    if anchor.is_some_and(|anchor| anchor.public_key != public_key) {
        return Err(StartError::AuditKeyReplaced);
    }
    let is_there =
        AuditLog::exists(&place.dir).map_err(|source| StartError::File { path: place.dir.clone(), source })?;
    let was_begun = signing.record.has_log || anchor.is_some_and(|anchor| anchor.seq > 0);
    if !is_there && !was_begun {
        return begin(vault, &signing, place);
    }
    let mark = anchor.map(|anchor| Mark { seq: anchor.seq, chain: anchor.chain });
    let dir = place.dir.clone();
    // Before this start adds lines of its own.
    let beyond = mark.and_then(|mark| lines_behind(&dir, mark.seq, u64::MAX).ok());
    let log = AuditLog::open(place.config(&signing.record.seed, mark))?;
    if let Some(warning) = beyond.and_then(|beyond| beyond.warning()) {
        tracing::warn!("{warning}");
    }
    let is_complete = signing.record.has_log && signing.record.has_anchor;
    if !is_complete {
        // A log from before anchors, or a first start that was cut off right here.
        remember_log(vault, &signing, &log, public_key)?;
    }
    Ok(log)
}

/// A new log under a new key. The key is stored before the log exists, and that the log exists is stored after: cut off in
/// between, the next start does what is left.
fn begin(vault: &Vault, signing: &Stored<AuditSigningKey>, place: Place) -> Result<AuditLog, StartError> {
    replace_key(vault, signing, NO_RECORD)?;
    let signing = vault.single::<AuditSigningKey>()?.ok_or(VaultError::Empty)?;
    let public_key = public_key_of(&signing.record.seed)?;
    let log = AuditLog::create(place.config(&signing.record.seed, None))?;
    remember_log(vault, &signing, &log, public_key)?;
    Ok(log)
}

/// Stores a new key for a log that is to be begun, and what that log is to say of it.
///
/// # Errors
/// [`StartError`].
pub(crate) fn replace_key(
    vault: &Vault,
    signing: &Stored<AuditSigningKey>,
    record: Audit<'_>,
) -> Result<(), StartError> {
    let seed = SecretBytes::random(SEED_BYTES).map_err(|_unavailable| StartError::Random)?;
    let anchor = AuditAnchor { public_key: public_key_of(&seed)?, seq: 0, chain: Mark::START.chain };
    let replaced = AuditSigningKey { seed, has_log: false, has_anchor: true };
    done(vault.change().update(signing, &replaced)?.put(&anchor)?.commit(record)?)
}

fn remember_log(
    vault: &Vault,
    signing: &Stored<AuditSigningKey>,
    log: &AuditLog,
    public_key: [u8; 32],
) -> Result<(), StartError> {
    let head = log.head();
    let anchor = AuditAnchor { public_key, seq: head.seq, chain: head.chain };
    let begun = AuditSigningKey { seed: signing.record.seed.duplicate(), has_log: true, has_anchor: true };
    done(vault.change().update(signing, &begun)?.put(&anchor)?.commit(NO_RECORD)?)
}

fn done(outcome: Outcome) -> Result<(), StartError> {
    match outcome {
        Outcome::Done(_) => Ok(()),
        // The store's lock keeps everybody else out.
        Outcome::Conflict => Err(VaultError::NotEmpty.into()),
    }
}

/// Stores how far the log has got, once a second while it grows. Does not end.
pub(crate) async fn keep_anchor(vault: Arc<Vault>, journal: Arc<Journal>) {
    loop {
        tokio::time::sleep(ANCHOR_EVERY).await;
        let (vault, journal) = (Arc::clone(&vault), Arc::clone(&journal));
        // A panic is reported by the runtime's hook; the next second tries again.
        let _panicked = tokio::task::spawn_blocking(move || note_anchor(&vault, &journal)).await;
    }
}

/// Stores how far the log has got. Only lines that are durable count, so the anchor never leads the log. A store that takes
/// no writes is told of elsewhere; the anchor then stays behind.
pub(crate) fn note_anchor(vault: &Vault, journal: &Journal) {
    let head = journal.head();
    let noted = vault.single::<AuditAnchor>().ok().flatten().filter(|stored| stored.record.seq < head.seq);
    let Some(stored) = noted else { return };
    let anchor = AuditAnchor { seq: head.seq, chain: head.chain, ..stored.record };
    let change = vault.change().update(&stored, &anchor);
    if let Err(error) = change.and_then(|change| change.commit(NO_RECORD)) {
        tracing::warn!(%error, "how far the audit log has got was not stored");
    }
}

/// What the store beside a log knows of it, for the offline verifier: its public key, and a line that it must contain. Reads
/// only, also beside a running server. `None` for a store from before anchors.
///
/// # Errors
/// [`StartError`].
pub fn stored_audit_anchor(data_dir: &Path, root_key_file: &Path) -> Result<Option<([u8; 32], Mark)>, StartError> {
    if !SqliteEngine::exists(data_dir) {
        return Err(VaultError::Empty.into());
    }
    // Leaves no files beside the store of a stopped server.
    let engine = Arc::new(SqliteEngine::look_into(data_dir)?);
    let vault = Vault::open(engine, &FileSeal::open(root_key_file)?)?;
    let Some(stored) = vault.single::<AuditAnchor>()? else {
        let has_anchor = vault.single::<AuditSigningKey>()?.is_some_and(|stored| stored.record.has_anchor);
        return if has_anchor { Err(StartError::AuditAnchorLost) } else { Ok(None) };
    };
    let AuditAnchor { public_key, seq, chain } = stored.record;
    Ok(Some((public_key, Mark { seq, chain })))
}
