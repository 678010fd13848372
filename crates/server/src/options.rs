//! The options of a server.

use std::net::SocketAddr;
use std::path::PathBuf;

use claviger_service::{ArnAccounts, PairConcurrency, UsePolicy};

use crate::error::StartError;

/// The options of a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of the store, the audit log and the bootstrap files.
    pub data_dir: PathBuf,
    /// The root key file.
    pub root_key_file: PathBuf,
    /// Address of both planes; the system chooses a port for port 0.
    pub listen: SocketAddr,
    /// Address of health and metrics: a loopback address unless `admin_allow_remote` is set.
    pub admin: SocketAddr,
    /// Allows any address for `admin`. The listener then serves health and metrics only.
    pub admin_allow_remote: bool,
    /// Names and addresses in the server certificate, in addition to localhost, 127.0.0.1 and ::1.
    pub hostnames: Vec<String>,
    /// Limit of concurrent requests for data key pairs.
    pub pair_concurrency: PairConcurrency,
    /// How key pairs are made and how many are kept in stock.
    pub keygen: claviger_keygen::Config,
    /// Uses that the operator denies although the API allows them.
    pub use_policy: UsePolicy,
    /// Accounts whose ARNs name keys of this instance, in addition to its own account.
    pub arn_accounts: ArnAccounts,
    /// Offers HTTP/2 in addition to HTTP/1.1. The HTTP/2 library does not wipe its copies of answers (docs/security.md).
    pub offers_http2: bool,
    /// Limit of open connections.
    pub connections_max: usize,
    /// Limit of open connections per source: an IPv4 address or an IPv6 /64 network.
    pub connections_per_source: usize,
    /// Size of an audit log segment in bytes.
    pub audit_segment_bytes: u64,
    /// Runs `claviger dev`: the first start initialises the instance, the root key may lie in the data directory, and the
    /// admin listener can move the clock.
    pub is_dev: bool,
}

impl Options {
    pub(crate) fn check_addresses(&self) -> Result<(), StartError> {
        if !self.admin.ip().is_loopback() && !self.admin_allow_remote {
            return Err(StartError::AdminNotLoopback(self.admin));
        }
        // With port 0 the system chooses a different port for each listener.
        if self.admin == self.listen && self.listen.port() != 0 {
            return Err(StartError::SameAddress(self.listen));
        }
        Ok(())
    }
}
