//! What can go wrong between a caller and a server, each with what to try.

use std::fmt;
use std::path::PathBuf;

/// Why a call gave no answer.
#[derive(Debug)]
pub enum ClientError {
    /// The server answered with an error of the API.
    Api {
        /// HTTP status.
        status: u16,
        /// The API's code, for example `Forbidden.KeyNotFound`.
        code: String,
        /// The API's words.
        message: String,
        /// Names the request in the server's audit log.
        request_id: String,
    },
    /// No connection, or it broke.
    Connect {
        /// Where to.
        endpoint: String,
        /// What the system or TLS said.
        reason: String,
    },
    /// A probe got no answer.
    Probe {
        /// Where from.
        admin: String,
        /// What the system said.
        reason: String,
    },
    /// The server answered something that is not of the API.
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
    /// The client key could not sign; its file is damaged.
    Signing,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { code, message, request_id, .. } => {
                write!(f, "{code}: {message} (request {request_id})")?;
                match hint(code) {
                    Some(hint) => write!(f, "\n  try: {hint}"),
                    None => Ok(()),
                }
            }
            Self::Connect { endpoint, reason } => write!(
                f,
                "no answer from {endpoint}: {reason}\n  try: is the server running there, and was this ca.pem made by it?"
            ),
            Self::Probe { admin, reason } => {
                write!(f, "no answer from {admin}: {reason}\n  try: is the server running, with this `admin` address?")
            }
            Self::UnexpectedAnswer { status } => {
                write!(f, "the answer (HTTP {status}) is not from a KMS instance\n  try: check the endpoint")
            }
            Self::File { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Endpoint(text) => write!(f, "`{text}` is not an endpoint\n  try: https://127.0.0.1:8443"),
            Self::Signing => f.write_str("the client key could not sign\n  try: is its file complete?"),
        }
    }
}

impl std::error::Error for ClientError {}

/// What a person can do about an error of the API.
fn hint(code: &str) -> Option<&'static str> {
    match code {
        "Rejected.Throttling" => Some(
            "one data key pair request runs at a time, as on Alibaba Cloud KMS; wait, or raise data_key_pair_concurrency",
        ),
        "Forbidden.KeyNotFound" => Some("`claviger key list` and `claviger alias list` show what there is"),
        "Forbidden.AliasNotFound" => Some("`claviger alias list` shows what there is"),
        "InvalidParameter" | "MissingParameter" => Some("`--help` of the command says what each parameter takes"),
        "Rejected.Disabled" => Some("`claviger key enable <key>`"),
        "RequestTimeTooSkewed" | "InvalidTimeStamp.Expired" => Some("set the clocks of client and server right"),
        "Unauthorized" => Some("the client key was revoked, has expired, or belongs to another instance"),
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
