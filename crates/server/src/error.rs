//! The errors of a start. Each message says what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use claviger_base::Timestamp;

use claviger_audit::OpenError;
use claviger_keygen::KeygenError;
use claviger_service::ServiceError;
use claviger_store::StoreError;
use claviger_vault::{SealError, Untrusted, VaultError};

/// Why an instance could not be opened or a server could not start.
#[derive(Debug)]
pub enum StartError {
    /// A file or directory cannot be used.
    File {
        /// Its path.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The root key file is in the data directory, which only `dev` allows.
    RootKeyInDataDir(PathBuf),
    /// The directory has files of an instance, but the store is missing or empty.
    StoreLost {
        /// The directory.
        data_dir: PathBuf,
        /// What messages call the store.
        store: String,
    },
    /// The data directory has no instance.
    NoData(PathBuf),
    /// The seal.
    Seal(SealError),
    /// The store.
    Store(StoreError),
    /// The vault or the service.
    Service(ServiceError),
    /// The audit log.
    Audit(Box<OpenError>),
    /// The store has lost its anchor of the audit log.
    AuditAnchorLost,
    /// The key that signs the audit log is not the key in the store's anchor.
    AuditKeyReplaced,
    /// The system returned no random bytes.
    Random,
    /// Pair generation.
    Keygen(KeygenError),
    /// TLS could not be set up, for this reason.
    Tls(String),
    /// A listener could not be bound.
    Listen(io::Error),
    /// Another user can change files of the server.
    Untrusted(Untrusted),
    /// The credentials directory is in the data directory, which backups copy.
    CredentialsInDataDir(PathBuf),
    /// A credentials file exists already.
    CredentialsExist(PathBuf),
    /// The admin address is not a loopback address.
    AdminNotLoopback(std::net::SocketAddr),
    /// Both listeners have this address.
    SameAddress(std::net::SocketAddr),
    /// The clock of the machine is wrong beyond doubt.
    Clock(Timestamp),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, source } => {
                let hint = match source.kind() {
                    io::ErrorKind::StorageFull => "free some space",
                    io::ErrorKind::PermissionDenied => {
                        "run as the user who owns it, and check that it exists and may be written"
                    }
                    _ => "check that it exists and may be written",
                };
                write!(f, "{} cannot be used: {source}; {hint}", path.display())
            }
            Self::AuditAnchorLost => f.write_str(
                "the store's anchor of the audit log (meta/audit-anchor) is missing; restore the store from a backup, or accept the loss with `claviger audit reset`",
            ),
            Self::AuditKeyReplaced => f.write_str(
                "the store's record of the audit signing key (meta/audit-signing-key) does not belong to its audit log: an older copy was restored; restore the store from a backup, or accept the loss with `claviger audit reset`",
            ),
            Self::Random => f.write_str("the system returned no random bytes; try again"),
            Self::RootKeyInDataDir(path) => write!(
                f,
                "the root key file {} is in the data directory, so every copy of the data would contain it; keep it elsewhere",
                path.display()
            ),
            Self::StoreLost { data_dir, store } => write!(
                f,
                "{} belongs to an instance whose {store} is missing or empty; restore it from a backup, or choose an empty directory",
                data_dir.display()
            ),
            Self::NoData(path) => write!(
                f,
                "the data directory {} holds no Claviger data yet; is it the right one (`data_dir`, --data-dir)? `claviger init` creates a new instance",
                path.display()
            ),
            Self::Seal(error) => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Service(error) => write!(f, "{error}"),
            Self::Audit(error) => write!(f, "{error}"),
            Self::Keygen(error) => write!(f, "{error}"),
            Self::Tls(reason) => write!(f, "TLS could not be set up: {reason}"),
            Self::Listen(error) => write!(f, "{error}"),
            Self::Untrusted(found) => write!(f, "{found}"),
            Self::CredentialsInDataDir(path) => write!(
                f,
                "the credentials directory {} is in the data directory, so every backup of the data would contain the credentials; give another --credentials-dir",
                path.display()
            ),
            Self::CredentialsExist(path) => {
                write!(f, "{} exists already and is not overwritten; give another --credentials-dir", path.display())
            }
            Self::Clock(now) => {
                write!(
                    f,
                    "the clock of this machine shows {now}, which cannot be right; set it and start again. Nothing was changed"
                )
            }
            Self::SameAddress(address) => {
                write!(f, "`admin` is the same address as `listen` ({address}); give it another port")
            }
            Self::AdminNotLoopback(address) => {
                write!(
                    f,
                    "the admin listener has no authentication and must be on 127.0.0.1 or ::1, not {address}; `admin_allow_remote = true` allows other addresses, and then it serves metrics and health only"
                )
            }
        }
    }
}

impl std::error::Error for StartError {}

impl From<SealError> for StartError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ServiceError> for StartError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<VaultError> for StartError {
    fn from(error: VaultError) -> Self {
        Self::Service(ServiceError::Vault(error))
    }
}

impl From<Untrusted> for StartError {
    fn from(found: Untrusted) -> Self {
        Self::Untrusted(found)
    }
}

impl From<KeygenError> for StartError {
    fn from(error: KeygenError) -> Self {
        Self::Keygen(error)
    }
}

impl From<OpenError> for StartError {
    fn from(error: OpenError) -> Self {
        Self::Audit(Box::new(error))
    }
}
