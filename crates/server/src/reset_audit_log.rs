//! Resets the audit log after an operator has decided to go on without a lost or damaged one. Its remains are kept as
//! evidence.

use std::fs;
use std::path::{Path, PathBuf};

use claviger_audit::{DirectoryLock, LogPosition, last_signed_line, public_key_of};
use claviger_base::id::RequestId;
use claviger_base::{Clock, Timestamp};
use claviger_vault::{
    Audit, AuditAnchor, AuditSigningKey, ChangePlane, OutboxEntry, Vault, VaultError, sync_directory_of,
};

use crate::audit_log::replace_key;
use crate::error::StartError;
use crate::stopped_vault;

/// Operation of the record in the new log.
const OPERATION: &str = "BeginAuditLogAnew";

/// Sets the audit log of a stopped server aside, so that the next start creates a new one. Returns where the old log is
/// now; `None` if nothing was left of it.
///
/// # Errors
/// [`StartError`]; also when a server is running.
pub fn reset_audit_log(data_dir: &Path, root_key_file: &Path) -> Result<Option<PathBuf>, StartError> {
    let vault = stopped_vault::open(data_dir, root_key_file)?;
    let stored = vault.single::<AuditSigningKey>()?.ok_or(VaultError::Empty)?;
    let audit = data_dir.join("audit");
    let now = Clock::default().real_now();
    // Read before anything is moved.
    let record = record(&vault, &audit, &stored.record, now)?;
    let mut set_aside = None;
    // Moved first: after a crash here, the next start reports a missing log, and the reset can be repeated.
    if audit.exists() {
        let _lock = DirectoryLock::take(&audit)?;
        let aside = data_dir.join(format!("audit-set-aside-{}", now.unix_ms()));
        let file = |source| StartError::File { path: audit.clone(), source };
        fs::rename(&audit, &aside).map_err(file)?;
        // Synced before the key is replaced: after a power loss, the old log must not be found under the new key.
        sync_directory_of(&aside).map_err(file)?;
        set_aside = Some(aside);
    }
    replace_key(&vault, &stored, Audit::Entries(&[record]))?;
    Ok(set_aside)
}

/// The first record of the new log: which log it follows, and where that one ended. It waits in the store for the log.
fn record(vault: &Vault, audit: &Path, old: &AuditSigningKey, now: Timestamp) -> Result<OutboxEntry, StartError> {
    // A store that has lost its anchor is one of the reasons for a reset.
    let anchor = vault.single::<AuditAnchor>().ok().flatten().map(|stored| stored.record);
    let public_key = match anchor {
        Some(AuditAnchor { public_key, .. }) => public_key,
        None => public_key_of(&old.seed)?,
    };
    let end = match (last_signed_line(audit, &public_key), anchor) {
        (Some(last), _) => format!("last signed line {last}"),
        (None, Some(AuditAnchor { seq, chain, .. })) => {
            format!("end unreadable, last line noted by the store {}", LogPosition { seq, chain })
        }
        (None, None) => "end unreadable".to_owned(),
    };
    Ok(OutboxEntry {
        request_id: RequestId::generate().map_err(|_unavailable| StartError::Random)?,
        plane: ChangePlane::Local,
        operation: OPERATION.to_owned(),
        principal: "claviger".to_owned(),
        source: None,
        key_id: None,
        named: Some(format!("old public key {}; {end}", hex::encode(public_key))),
        key_version_id: None,
        time: now,
        duration_us: 0,
        // The new log has no line yet.
        log_seq: 0,
    })
}
