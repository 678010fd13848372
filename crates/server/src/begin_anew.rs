//! An operator's decision to go on without a lost or damaged audit log. What is left of it is kept as evidence.

use std::fs;
use std::path::{Path, PathBuf};

use claviger_audit::{DirectoryLock, Mark, last_signed_line, public_key_of};
use claviger_base::id::RequestId;
use claviger_base::{Clock, Timestamp};
use claviger_vault::{
    Audit, AuditAnchor, AuditSigningKey, ChangePlane, OutboxEntry, Vault, VaultError, sync_directory_of,
};

use crate::audit_log::replace_key;
use crate::error::StartError;
use crate::stopped_vault;

/// How the record in the new log is called.
const OPERATION: &str = "BeginAuditLogAnew";

/// Sets the audit log of a stopped server aside, and lets its next start begin a new one. Where it lies now; `None` when
/// there was nothing left of it.
///
/// # Errors
/// [`StartError`]; also when the server runs.
pub fn begin_audit_anew(data_dir: &Path, root_key_file: &Path) -> Result<Option<PathBuf>, StartError> {
    let vault = stopped_vault::open(data_dir, root_key_file)?;
    let stored = vault.single::<AuditSigningKey>()?.ok_or(VaultError::Empty)?;
    let audit = data_dir.join("audit");
    let now = Clock::default().real_now();
    // Before anything is moved.
    let record = record(&vault, &audit, &stored.record, now)?;
    let mut set_aside = None;
    // First: cut off here, the next start finds no log and says so, and this is done again.
    if audit.exists() {
        let _nobody_uses_it = DirectoryLock::take(&audit)?;
        let aside = data_dir.join(format!("audit-set-aside-{}", now.unix_ms()));
        let file = |source| StartError::File { path: audit.clone(), source };
        fs::rename(&audit, &aside).map_err(file)?;
        // Before the key: after a power loss there must not be the old log under the new one.
        sync_directory_of(&aside).map_err(file)?;
        set_aside = Some(aside);
    }
    replace_key(&vault, &stored, Audit::Entries(&[record]))?;
    Ok(set_aside)
}

/// What the new log says of its beginning: which log it follows, and where that one ended. It waits in the store for the log.
fn record(vault: &Vault, audit: &Path, old: &AuditSigningKey, now: Timestamp) -> Result<OutboxEntry, StartError> {
    // A store without its anchor is one of the reasons to begin anew.
    let anchor = vault.single::<AuditAnchor>().ok().flatten().map(|stored| stored.record);
    let public_key = match anchor {
        Some(AuditAnchor { public_key, .. }) => public_key,
        None => public_key_of(&old.seed)?,
    };
    let end = match (last_signed_line(audit, &public_key), anchor) {
        (Some(last), _) => format!("last signed line {last}"),
        (None, Some(AuditAnchor { seq, chain, .. })) => {
            format!("end unreadable, last line noted by the store {}", Mark { seq, chain })
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
