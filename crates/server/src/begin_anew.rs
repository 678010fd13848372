//! An operator's decision to go on without a lost or damaged audit log. What is left of it is kept as evidence.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claviger_base::Clock;
use claviger_store::SqliteEngine;
use claviger_vault::{Audit, AuditSigningKey, FileSeal, Outcome, Vault, VaultError};

use crate::error::StartError;

/// Sets the audit log of a stopped server aside, and lets its next start begin a new one. Where it lies now; `None` when
/// there was nothing left of it.
///
/// # Errors
/// [`StartError`]; also when the server runs.
pub fn begin_audit_anew(data_dir: &Path, root_key_file: &Path) -> Result<Option<PathBuf>, StartError> {
    if !SqliteEngine::exists(data_dir) {
        return Err(VaultError::Empty.into());
    }
    let vault = Vault::open(Arc::new(SqliteEngine::open(data_dir)?), &FileSeal::open(root_key_file)?)?;
    let stored = vault.audit_signing_key()?.ok_or(VaultError::Empty)?;
    let audit = data_dir.join("audit");
    let mut set_aside = None;
    // First: cut off here, the next start finds no log and says so, and this is done again.
    if audit.exists() {
        let aside = data_dir.join(format!("audit-set-aside-{}", Clock::default().real_now().unix_ms()));
        fs::rename(&audit, &aside).map_err(|source| StartError::File { path: audit.clone(), source })?;
        set_aside = Some(aside);
    }
    let begun = AuditSigningKey { seed: stored.record.seed.duplicate(), has_log: false };
    match vault.change().update(&stored, &begun)?.commit(Audit::NoRecord("the new log begins with it"))? {
        Outcome::Done(_) => Ok(set_aside),
        // The store's lock keeps everybody else out.
        Outcome::Conflict => Err(VaultError::NotEmpty.into()),
    }
}
