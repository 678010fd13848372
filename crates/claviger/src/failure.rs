//! Why a command failed, in words for a person: what failed, and what to try.

use std::fmt;
use std::path::PathBuf;

use claviger_audit::VerifyError;
use claviger_client::ClientError;
use claviger_server::StartError;
use claviger_vault::Untrusted;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server.
    Start(StartError),
    /// A call.
    Client(ClientError),
    /// The audit log.
    Audit(VerifyError),
    /// The configuration file.
    Config {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file could not be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// So few files may be open that not all connections would find room.
    OpenFiles {
        /// Files that may be open.
        limit: u64,
        /// Files that must be.
        wanted: usize,
        /// Connections there is room for.
        fitting: usize,
    },
    /// The configuration may be written by others.
    Untrusted(Untrusted),
    /// `serve --check` found so much that is wrong.
    Check(usize),
    /// The server is not well; why.
    Unhealthy(String),
    /// Told to stop before the server was ready: no failure.
    StoppedWhileStarting,
    /// An argument.
    Argument(String),
    /// The demonstration did not show what it must.
    Demo(String),
    /// The runtime did not start.
    Runtime(std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "{error}"),
            Self::Client(error) => write!(f, "{error}"),
            Self::Audit(error) => write!(f, "{error}"),
            Self::Config { path, reason } => write!(f, "the configuration {}: {reason}", path.display()),
            Self::File { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::OpenFiles { limit, wanted, fitting } => {
                write!(f, "{limit} files may be open, and connections_max takes {wanted}; ")?;
                f.write_str("raise the limit (ulimit -n, LimitNOFILE= of a systemd unit)")?;
                if *fitting > 0 { write!(f, ", or set connections_max to {fitting} at most") } else { Ok(()) }
            }
            Self::Untrusted(found) => write!(f, "{found}"),
            Self::Check(1) => f.write_str("one thing is wrong, and `claviger serve` would not start"),
            Self::Check(count) => write!(f, "{count} things are wrong, and `claviger serve` would not start"),
            Self::Unhealthy(reason) => f.write_str(reason),
            Self::StoppedWhileStarting => f.write_str("stopped before the server was ready"),
            Self::Argument(text) => f.write_str(text),
            Self::Demo(text) => write!(f, "the demonstration failed: {text}"),
            Self::Runtime(error) => write!(f, "the system gave no threads: {error}"),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::Audit(error)
    }
}
