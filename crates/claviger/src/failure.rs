//! Why a command failed, for users: what failed, and what to try.

mod key_hints;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use claviger_audit::VerifyError;
use claviger_client::ClientError;
use claviger_server::StartError;
use claviger_vault::Untrusted;
use serde_json::{Value, json};

use crate::escape;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server failed to start or to run.
    Start(StartError),
    /// A call failed.
    Client(ClientError),
    /// The server refused a call, and this command has a better hint than the error code alone gives.
    Refused {
        /// The refusal.
        error: ClientError,
        /// What to try.
        hint: String,
    },
    /// The server did not start, and an option or a setting of this program is the remedy.
    NotStarted {
        /// Why.
        reason: String,
        /// What to try.
        hint: String,
    },
    /// A credential was issued, or may have been, and could not be kept.
    CredentialLost {
        /// Why it was not kept.
        cause: Box<Self>,
        /// What was issued and what became of it.
        outcome: String,
        /// What to try; `None` if there is nothing left to do.
        hint: Option<String>,
    },
    /// The audit log does not verify.
    Audit(VerifyError),
    /// The configuration file cannot be used.
    Config {
        /// Path of the file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file could not be read or written.
    File {
        /// Path of the file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The limit of open files is too low for the configured connections.
    OpenFiles {
        /// Files that may be open.
        limit: u64,
        /// Files that would be needed.
        wanted: usize,
        /// Connections that would fit.
        fitting: usize,
    },
    /// Other users can change the configuration.
    Untrusted(Untrusted),
    /// `serve --check` found this many problems.
    Check(usize),
    /// The server is not well, and why.
    Unhealthy(String),
    /// Stopped before the server was ready. This is no failure.
    StoppedWhileStarting,
    /// An argument is not valid.
    Argument(String),
    /// A step of the demonstration failed.
    Demo(String),
    /// A signal came while the command waited.
    Interrupted,
    /// `verify`: the signature does not match key and message.
    NotValid,
    /// The command line is not valid, in clap's words.
    Usage(String),
    /// The runtime did not start.
    Runtime(std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "{error}"),
            Self::Client(_) | Self::Refused { .. } | Self::NotStarted { .. } | Self::CredentialLost { .. } => {
                f.write_str(&escape::one_line(&self.message()))?;
                self.hint().map_or(Ok(()), |hint| write!(f, "\n  try: {hint}"))
            }
            Self::Audit(error) => write!(f, "{error}"),
            Self::Config { path, reason } => write!(f, "the configuration {}: {reason}", path.display()),
            Self::File { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::OpenFiles { limit, wanted, fitting } => {
                write!(f, "{limit} files may be open, and connections_max takes {wanted}; ")?;
                f.write_str("raise the limit (ulimit -n, LimitNOFILE= of a systemd unit)")?;
                if *fitting > 0 { write!(f, ", or set connections_max to {fitting} at most") } else { Ok(()) }
            }
            Self::Interrupted => f.write_str("interrupted; no file was left"),
            Self::NotValid => f.write_str("the signature is not valid for this key and message"),
            Self::Untrusted(found) => write!(f, "{found}"),
            Self::Check(1) => f.write_str("one thing is wrong, and `claviger serve` would not start"),
            Self::Check(count) => write!(f, "{count} things are wrong, and `claviger serve` would not start"),
            Self::Unhealthy(reason) => f.write_str(reason),
            Self::StoppedWhileStarting => f.write_str("stopped before the server was ready"),
            Self::Argument(text) | Self::Usage(text) => f.write_str(text),
            Self::Demo(text) => write!(f, "the demonstration failed: {text}"),
            Self::Runtime(error) => write!(f, "the system gave no threads: {error}"),
        }
    }
}

impl Failure {
    /// The exit codes that scripts can rely on; `claviger --help` lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::CredentialLost { cause, .. } => cause.exit_code(),
            Self::Client(ClientError::Api { .. }) | Self::Refused { .. } => 3,
            Self::Client(error) if error.is_no_answer() => 4,
            Self::NotValid => 5,
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// What failed, without what to try.
    fn message(&self) -> String {
        match self {
            Self::Client(error) | Self::Refused { error, .. } => error.message(),
            Self::NotStarted { reason, .. } => reason.clone(),
            Self::CredentialLost { cause, outcome, .. } => format!("{}; {outcome}", cause.message()),
            other => other.to_string(),
        }
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Client(error) => error.hint(),
            Self::Refused { hint, .. } | Self::NotStarted { hint, .. } => Some(hint.into()),
            Self::CredentialLost { hint, .. } => hint.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    /// The failure as JSON for programs. Fields that do not apply are null.
    pub(crate) fn to_json(&self) -> Value {
        let (message, hint) = (self.message(), self.hint());
        let reason = if let Self::CredentialLost { cause, .. } = self { cause } else { self };
        let (code, request_id, status) = match reason {
            Self::Client(ClientError::Api { code, request_id, status, .. })
            | Self::Refused { error: ClientError::Api { code, request_id, status, .. }, .. } => {
                (code.as_str(), Some(request_id), Some(status))
            }
            Self::Client(error) if error.is_no_answer() => ("Client.NoAnswer", None, None),
            Self::Usage(_) => ("Client.Usage", None, None),
            Self::NotValid => ("Client.SignatureNotValid", None, None),
            Self::Interrupted => ("Client.Interrupted", None, None),
            _ => ("Client.Failed", None, None),
        };
        json!({ "Code": code, "Message": message, "RequestId": request_id, "Status": status, "Hint": hint })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_begins_no_line() {
        let message = "x\n  try: rm\u{1b}[2J".to_owned();
        let (code, request_id) = ("Rejected.Disabled".to_owned(), "r".to_owned());
        let failure = Failure::Client(ClientError::Api { status: 400, code, message, request_id });
        let text = failure.to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(
            text.contains("x\\n  try: rm\\u{1b}[2J") && text.ends_with("\n  try: `claviger key enable <key>`"),
            "{text}"
        );
    }
}
