//! Why a server did not start, each with what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use claviger_base::Timestamp;

use claviger_audit::OpenError;
use claviger_keygen::KeygenError;
use claviger_service::ServiceError;
use claviger_store::StoreError;
use claviger_vault::{SealError, Untrusted, VaultError};

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// The directory or a file in it cannot be used.
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The root key file lies in the data directory, where only `dev` may keep it.
    RootKeyBesideData(PathBuf),
    /// The directory has an instance's files but no store, or an empty one.
    StoreLost(PathBuf),
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
    /// The key that signs the audit log is not the one of the store's anchor.
    AuditKeyReplaced,
    /// The random generator gave nothing.
    Random,
    /// Pair generation.
    Keygen(KeygenError),
    /// TLS could not be set up; the text says why.
    Tls(String),
    /// An address could not be listened on.
    Listen(io::Error),
    /// Somebody else can change what the server relies on.
    Untrusted(Untrusted),
    /// The credentials would lie in the data directory, where a backup takes them along.
    CredentialsBesideData(PathBuf),
    /// A file of somebody's credentials is there already.
    CredentialsExist(PathBuf),
    /// The admin listener is not on the loopback interface.
    AdminNotLoopback(std::net::SocketAddr),
    /// Both listeners are to be at this address.
    OneAddress(std::net::SocketAddr),
    /// The machine's clock cannot be right.
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
                "the store's record of how far the audit log has got (meta/audit-anchor) was removed; restore the store from a backup, or accept the loss with `claviger audit begin-anew`",
            ),
            Self::AuditKeyReplaced => f.write_str(
                "the store's record of the audit signing key (meta/audit-signing-key) is not the one that its log was begun with: an older copy was put back; restore the store from a backup, or accept the loss with `claviger audit begin-anew`",
            ),
            Self::Random => f.write_str("the system gives no random bytes; try again"),
            Self::RootKeyBesideData(path) => write!(
                f,
                "the root key file {} lies in the data directory, where a copy of the data takes it along; keep it elsewhere",
                path.display()
            ),
            Self::StoreLost(path) => write!(
                f,
                "{} belongs to an instance whose store.sqlite3 is gone or empty; restore it from a backup, or choose an empty directory",
                path.display()
            ),
            Self::NoData(path) => write!(
                f,
                "the data directory {} holds no Claviger data yet; is it the right one (`data_dir`, --data-dir)? `claviger init` makes a new instance",
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
            Self::CredentialsBesideData(path) => write!(
                f,
                "the credentials would lie in the data directory ({}), where a backup of the data takes them along; give another --credentials-dir",
                path.display()
            ),
            Self::CredentialsExist(path) => {
                write!(f, "{} exists already and is not overwritten; give another --credentials-dir", path.display())
            }
            Self::Clock(now) => {
                write!(
                    f,
                    "the clock of this machine says {now}, which cannot be right; set it and start again. Nothing was changed"
                )
            }
            Self::OneAddress(address) => {
                write!(f, "`admin` is the same address as `listen` ({address}); give it another port")
            }
            Self::AdminNotLoopback(address) => {
                write!(
                    f,
                    "the admin listener has no authentication and must be on 127.0.0.1 or ::1, not {address}; with `admin_allow_remote = true` it may be elsewhere, and shows metrics and health only"
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
