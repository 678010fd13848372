//! The errors of calls, each with a hint for the user.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// Why a call failed.
#[derive(Debug)]
pub enum ClientError {
    /// The server answered with an error of the API.
    Api {
        /// HTTP status.
        status: u16,
        /// The API's code, for example `Forbidden.KeyNotFound`.
        code: String,
        /// The API's message.
        message: String,
        /// Names the request in the server's audit log.
        request_id: String,
    },
    /// The connection failed.
    Connect {
        /// The server.
        endpoint: String,
        /// The error of the operating system or of TLS.
        reason: String,
    },
    /// The connection was refused: nothing listens there.
    Refused {
        /// The server.
        endpoint: String,
    },
    /// The server's certificate is not signed by the CA in the CA file.
    Untrusted {
        /// The server.
        endpoint: String,
        /// The CA file, if known.
        ca_file: Option<PathBuf>,
        /// The error of TLS.
        reason: String,
    },
    /// The server did not answer in time.
    TimedOut {
        /// The server.
        endpoint: String,
        /// How long the client waited.
        seconds: u64,
    },
    /// The probed address answers, but not in plain HTTP.
    ProbeNotHttp {
        /// The address.
        admin: String,
    },
    /// A probe got no answer.
    Probe {
        /// The probed address.
        admin: String,
        /// The error of the operating system.
        reason: String,
    },
    /// The answer is not a message of the API.
    UnexpectedAnswer {
        /// HTTP status.
        status: u16,
    },
    /// A file with credentials or certificates could not be used.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The endpoint is not `https://HOST:PORT` or `HOST:PORT`.
    Endpoint(String),
    /// The endpoint contains a user or a password, which error messages must not repeat.
    EndpointUser,
    /// The client key could not sign; its file is damaged.
    Signing,
}

impl ClientError {
    /// What failed, without the hint.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Api { code, message, request_id, .. } => format!("{code}: {message} (request {request_id})"),
            Self::Connect { endpoint, reason } => format!("no answer from {endpoint}: {reason}"),
            Self::Refused { endpoint } => format!("nothing listens on {endpoint}: connection refused"),
            Self::Untrusted { endpoint, ca_file: Some(path), reason } => {
                format!("the certificate of {endpoint} does not fit the CA file {}: {reason}", path.display())
            }
            Self::Untrusted { endpoint, ca_file: None, reason } => {
                format!("the certificate of {endpoint} does not fit the CA file: {reason}")
            }
            Self::TimedOut { endpoint, seconds } => format!("no answer from {endpoint} within {seconds} s"),
            Self::Probe { admin, reason } => format!("no answer from {admin}: {reason}"),
            Self::ProbeNotHttp { admin } => {
                format!("what answers at {admin} does not speak plain HTTP; this looks like the TLS port (`listen`)")
            }
            Self::UnexpectedAnswer { status } => format!("the answer (HTTP {status}) is not from a KMS instance"),
            Self::File { path, reason } => format!("{}: {reason}", path.display()),
            Self::Endpoint(text) => format!("`{text}` is not an endpoint"),
            Self::EndpointUser => "the endpoint must not contain a user or a password".to_owned(),
            Self::Signing => "the client key could not sign".to_owned(),
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        if let Self::Endpoint(text) = self {
            return Some(suggested_endpoint(text));
        }
        self.fixed_hint().map(Cow::Borrowed)
    }

    fn fixed_hint(&self) -> Option<&'static str> {
        match self {
            Self::Api { code, .. } => hint(code),
            Self::Connect { .. } => Some("is the server running there, and did it create this ca.pem?"),
            Self::Refused { .. } => Some("is the server running? `claviger dev` starts one; --endpoint names another"),
            Self::Untrusted { .. } => Some(
                "use the ca.pem of the server that answers there (--data-dir), and a host name in its certificate (--hostname of the server)",
            ),
            Self::TimedOut { .. } => Some("is the server overloaded or stopped? --timeout waits longer"),
            Self::Probe { .. } => Some("is the server running, with this `admin` address?"),
            Self::ProbeNotHttp { .. } => {
                Some("give the server's `admin` address, http://127.0.0.1:8444 unless configured otherwise")
            }
            Self::UnexpectedAnswer { .. } => Some("check the endpoint"),
            Self::File { .. } | Self::Endpoint(_) => None,
            Self::EndpointUser => Some("give https://HOST:PORT alone; calls are signed with the files in --data-dir"),
            Self::Signing => Some("is the client key file complete?"),
        }
    }

    /// Whether the call got no answer from a KMS instance.
    #[must_use]
    pub const fn is_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. }
                | Self::Refused { .. }
                | Self::Untrusted { .. }
                | Self::TimedOut { .. }
                | Self::Probe { .. }
                | Self::ProbeNotHttp { .. }
                | Self::UnexpectedAnswer { .. }
        )
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())?;
        match self.hint() {
            Some(hint) => write!(f, "\n  try: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ClientError {}

/// The endpoint to suggest instead of a malformed one.
fn suggested_endpoint(endpoint: &str) -> Cow<'static, str> {
    match endpoint.strip_prefix("http://") {
        Some(authority) if !authority.is_empty() && !authority.contains('/') => format!("https://{authority}").into(),
        _ => "https://127.0.0.1:8443".into(),
    }
}

/// What the user can do about an error of the API.
fn hint(code: &str) -> Option<&'static str> {
    match code {
        "Rejected.Throttling" => Some(
            "one data key pair request runs at a time, as on Alibaba Cloud KMS; wait, or raise data_key_pair_concurrency",
        ),
        "Forbidden.KeyNotFound" => Some("`claviger key list` and `claviger alias list` show what there is"),
        "Forbidden.AliasNotFound" => Some("`claviger alias list` shows what there is"),
        "InvalidParameter" | "MissingParameter" => Some("`--help` of the command says what each parameter takes"),
        "Forbidden.NoPermission" => Some(
            "`claviger client-key list` shows what this client key may use; the source address must be in its networks too",
        ),
        "Rejected.PendingDeletion" => Some("`claviger key cancel-deletion <key>` keeps the key and enables it again"),
        "Rejected.Disabled" => Some("`claviger key enable <key>`"),
        "RequestTimeTooSkewed" | "InvalidTimeStamp.Expired" => Some("correct the clock of the client or of the server"),
        "Unauthorized" => Some(
            "the client key was revoked, has expired, or belongs to another instance; `claviger client-key create NAME` makes a new one",
        ),
        "SignatureNotMatch" | "SignatureDoesNotMatch" => Some("the key file does not belong to this key id"),
        "InvalidAccessKeyId.Inactive" => {
            Some("`claviger access-key enable <id>`, with another access key or the root key")
        }
        "InvalidAccessKeyId.NotFound" => Some("the access key belongs to another instance"),
        "InternalFailure" => {
            Some("for a decryption: wrong Aad, wrong key, or a damaged ciphertext; else see the server's log")
        }
        "ServiceUnavailableTemporary" => Some("see /readyz and the server's log; then try again"),
        _ => None,
    }
}
