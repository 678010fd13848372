//! `serve --check`: what a start would find, looked at without changing anything, also beside a running server.

use std::path::Path;
use std::sync::Arc;

use claviger_base::Clock;
use claviger_crypto::tls::CertificateAuthority;
use claviger_model::{AccessKey, Instance};
use claviger_store::SqliteEngine;
use claviger_vault::{FileSeal, TlsAuthority, Vault, VaultError, check_file};

use crate::assemble::{Options, check_addresses};
use crate::error::StartError;
use crate::expiry::authority_ends;
use crate::places;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub subject: &'static str,
    /// What it is like, or what is wrong with it.
    pub outcome: Result<String, String>,
}

impl Finding {
    fn new(subject: &'static str, outcome: Result<String, StartError>) -> Self {
        Self { subject, outcome: outcome.map_err(|error| error.to_string()) }
    }
}

/// Looks at everything that [`crate::Server::start`] would open, but for the ports.
#[must_use]
pub fn inspect(options: &Options) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new("admin", admin(options)),
        Finding::new("permissions", permissions(options)),
        Finding::new("data directory", data_directory(&options.data_dir)),
    ];
    match opened(options) {
        Ok(vault) => {
            findings.push(Finding::new("root key", Ok("opens the store".to_owned())));
            findings.push(Finding::new("store", store(&vault)));
            findings.push(Finding::new("certificate", certificate(options, &vault)));
        }
        Err(error) => findings.push(Finding::new("store and root key", Err(error))),
    }
    findings.push(Finding::new("audit log", audit_log(&options.data_dir)));
    findings
}

fn admin(options: &Options) -> Result<String, StartError> {
    check_addresses(options)?;
    let to_whom = if options.admin.ip().is_loopback() {
        "this machine only"
    } else {
        "open to others without authentication: metrics and health only"
    };
    Ok(format!("{}, {to_whom}", options.admin))
}

fn permissions(options: &Options) -> Result<String, StartError> {
    places::check(&options.data_dir, &options.root_key_file, options.is_dev)?;
    check_file(&options.root_key_file)?;
    let readable = places::check_files(&options.data_dir, &options.root_key_file)?;
    let but = readable.map_or_else(String::new, |readable| format!("; but {readable}"));
    Ok(format!("nobody else can change the data directory, the root key, the store or the audit log{but}"))
}

fn data_directory(data_dir: &Path) -> Result<String, StartError> {
    use rustix::fs::{Access, access};
    let failed = |source: std::io::Error| StartError::File { path: data_dir.to_owned(), source };
    std::fs::read_dir(data_dir).map_err(failed)?;
    access(data_dir, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed(error.into()))?;
    Ok(format!("{} can be read and written", data_dir.display()))
}

fn opened(options: &Options) -> Result<Vault, StartError> {
    if !SqliteEngine::exists(&options.data_dir) {
        return Err(StartError::NoData(options.data_dir.clone()));
    }
    let engine = Arc::new(SqliteEngine::look_into(&options.data_dir)?);
    Ok(Vault::open(engine, &FileSeal::open(&options.root_key_file)?)?)
}

fn store(vault: &Vault) -> Result<String, StartError> {
    let instance = vault.single::<Instance>()?.ok_or(VaultError::Empty)?.record;
    let access_keys = vault.list::<AccessKey>(None, 100)?.records;
    let active = access_keys.iter().filter(|key| key.record.is_active).count();
    Ok(format!("instance {}, {active} active access keys", instance.id))
}

fn certificate(options: &Options, vault: &Vault) -> Result<String, StartError> {
    let id = vault.single::<Instance>()?.ok_or(VaultError::Empty)?.record.id;
    let stored = vault.single::<TlsAuthority>()?.ok_or(VaultError::Empty)?.record;
    let refuse = |reason: &dyn std::fmt::Display| StartError::Tls(reason.to_string());
    let authority = CertificateAuthority::from_stored(id.as_str(), &stored.certificate_pem, &stored.private_key)
        .map_err(|error| refuse(&error))?;
    authority
        .issue_server_certificate(&options.hostnames, Clock::default().real_now())
        .map_err(|error| refuse(&error))?;
    let names = [&["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()], options.hostnames.as_slice()];
    let until = authority_ends(&stored).map_or_else(String::new, |at| format!("; its authority ends {at}"));
    Ok(format!("for {}{until}", names.concat().join(", ")))
}

fn audit_log(data_dir: &Path) -> Result<String, StartError> {
    let dir = data_dir.join("audit");
    let looked = claviger_audit::AuditLog::exists(&dir);
    Ok(match looked.map_err(|source| StartError::File { path: dir, source })? {
        true => "is there; `claviger audit verify` reads it".to_owned(),
        false => "not begun: the first start begins it".to_owned(),
    })
}
