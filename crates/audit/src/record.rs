//! The audit record of a request, and its JSON form.
//!
//! Rule: no secrets. Every text that came from the network is written as escaped ASCII and cut to a fixed length, so
//! that a record is one line of bounded length whatever the request contained.

use std::net::SocketAddr;

use claviger_base::Timestamp;
use claviger_base::id::RequestId;

use crate::encoding::{number, text};

/// The interface through which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestPlane {
    /// The Instance API (protobuf).
    Instance,
    /// The control plane (RPC).
    Rpc,
    /// The server itself, or the command line on its data directory.
    Local,
}

impl RequestPlane {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Rpc => "rpc",
            Self::Local => "local",
        }
    }
}

/// Longest escaped form of each text, in bytes. Valid names and ids always fit. The limits keep a line within
/// [`RECORD_LINE_BYTES_MAX`].
const OPERATION_MAX: usize = 64;
const PRINCIPAL_MAX: usize = 128;
const SOURCE_MAX: usize = 64;
const KEY_ID_MAX: usize = 300;
const NAMED_MAX: usize = 300;
const KEY_VERSION_ID_MAX: usize = 64;
const CODE_MAX: usize = 64;
const DETAIL_MAX: usize = 128;

/// Longest line of a request with its newline, bytes, whatever the request contained (docs/formats/audit.md).
pub const RECORD_LINE_BYTES_MAX: usize = 1600;

/// One request. Texts are names and ids only: never key material, plaintext, ciphertext, signatures or bodies. Each is
/// cut to the stated number of bytes, counted in its escaped form.
#[derive(Debug, Clone)]
pub struct AuditRecord {
    /// Business time of the request.
    pub time: Timestamp,
    /// The request id in the answer.
    pub request_id: RequestId,
    /// The interface through which the request came.
    pub plane: RequestPlane,
    /// The requested operation, as sent; 64 bytes.
    pub operation: String,
    /// Client key id or access key id, `-` if unknown; 128 bytes.
    pub principal: String,
    /// The client's address; `None` for [`RequestPlane::Local`].
    pub source: Option<SocketAddr>,
    /// The object of the request: the id of the key, or the key as the client named it if it is unknown; otherwise the
    /// name of the secret, client key, access point, policy or network rule; 300 bytes.
    pub key_id: Option<String>,
    /// A second name in the request: the alias or ARN by which the client named the key, the access point of a client
    /// key; 300 bytes.
    pub named: Option<String>,
    /// The key version used; 64 bytes.
    pub key_version_id: Option<String>,
    /// `OK` or the error code answered; 64 bytes.
    pub code: String,
    /// HTTP status answered.
    pub status: u16,
    /// Microseconds from the last byte of the request's headers to this record: reading the body, queueing and the
    /// work.
    pub duration_us: u64,
    /// A fixed comment of the program; 128 bytes.
    pub detail: Option<&'static str>,
    /// How many requests, all refused in the same way, this record stands for; `None` for one. The other fields are
    /// those of the first request.
    pub repeated: Option<u64>,
}

impl AuditRecord {
    /// The fields of the line after `kind`, with a leading comma.
    pub(crate) fn fields(&self) -> String {
        let mut out = String::with_capacity(384);
        text(&mut out, "request_id", self.request_id.as_str(), 36);
        text(&mut out, "plane", self.plane.as_str(), 16);
        text(&mut out, "operation", &self.operation, OPERATION_MAX);
        text(&mut out, "principal", &self.principal, PRINCIPAL_MAX);
        let source = self.source.map_or_else(|| "-".to_owned(), |source| source.to_string());
        text(&mut out, "source", &source, SOURCE_MAX);
        if let Some(key_id) = &self.key_id {
            text(&mut out, "key_id", key_id, KEY_ID_MAX);
        }
        if let Some(named) = &self.named {
            text(&mut out, "named", named, NAMED_MAX);
        }
        if let Some(key_version_id) = &self.key_version_id {
            text(&mut out, "key_version_id", key_version_id, KEY_VERSION_ID_MAX);
        }
        text(&mut out, "code", &self.code, CODE_MAX);
        number(&mut out, "status", u64::from(self.status));
        number(&mut out, "duration_us", self.duration_us);
        if let Some(detail) = self.detail {
            text(&mut out, "detail", detail, DETAIL_MAX);
        }
        if let Some(repeated) = self.repeated {
            number(&mut out, "repeated", repeated);
        }
        out
    }
}
