//! `serve --check`: checks what a start would open. It changes nothing and can run while the server runs.

use std::path::Path;

use claviger_base::Clock;
use claviger_crypto::tls::CertificateAuthority;
use claviger_model::{AccessKey, Instance};
use claviger_vault::{FileSeal, TlsAuthority, Vault, VaultError, check_trusted};

use crate::error::StartError;
use crate::expiry::authority_expiry;
use crate::options::Options;
use crate::permissions;
use crate::store_config::store_in;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub subject: &'static str,
    /// A description, or what is wrong.
    pub outcome: Result<String, String>,
}

impl Finding {
    fn new(subject: &'static str, outcome: Result<String, StartError>) -> Self {
        Self { subject, outcome: outcome.map_err(|error| error.to_string()) }
    }
}

/// Checks everything that [`crate::Server::start`] would open, except for the ports.
#[must_use]
pub fn inspect(options: &Options) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new("admin", admin(options)),
        Finding::new("permissions", permissions(options)),
        Finding::new("data directory", data_directory(&options.data_dir)),
    ];
    match open_read_only(options) {
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
    options.check_addresses()?;
    let audience = if options.admin.ip().is_loopback() {
        "this machine only"
    } else {
        "reachable by other machines without authentication; serves metrics and health only"
    };
    Ok(format!("{}, {audience}", options.admin))
}

fn permissions(options: &Options) -> Result<String, StartError> {
    permissions::check_paths(&options.data_dir, &options.root_key_file, options.is_dev)?;
    check_trusted(&options.root_key_file)?;
    let warning = permissions::check_files(&options.data_dir, &options.root_key_file)?;
    let but = warning.map_or_else(String::new, |warning| format!("; but {warning}"));
    Ok(format!("nobody else can change the data directory, the root key, the store or the audit log{but}"))
}

fn data_directory(data_dir: &Path) -> Result<String, StartError> {
    use rustix::fs::{Access, access};
    let failed = |source: std::io::Error| StartError::File { path: data_dir.to_owned(), source };
    std::fs::read_dir(data_dir).map_err(failed)?;
    access(data_dir, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed(error.into()))?;
    Ok(format!("{} can be read and written", data_dir.display()))
}

fn open_read_only(options: &Options) -> Result<Vault, StartError> {
    if !store_in(&options.data_dir).exists() {
        return Err(StartError::NoData(options.data_dir.clone()));
    }
    let engine = claviger_store::open_for_inspection(&store_in(&options.data_dir))?;
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
    let until = authority_expiry(&stored).map_or_else(String::new, |at| format!("; its authority expires {at}"));
    Ok(format!("for {}{until}", names.concat().join(", ")))
}

fn audit_log(data_dir: &Path) -> Result<String, StartError> {
    let dir = data_dir.join("audit");
    let exists = claviger_audit::AuditLog::exists(&dir);
    Ok(match exists.map_err(|source| StartError::File { path: dir, source })? {
        true => "exists; check its contents with `claviger audit verify`".to_owned(),
        false => "does not exist yet; the first start creates it".to_owned(),
    })
}
