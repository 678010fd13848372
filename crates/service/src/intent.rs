//! What the audit record of a change says: who requested it and how ([`Intent`]), and what it changed ([`Subject`]).

use std::net::SocketAddr;
use std::time::Instant;

use claviger_base::Timestamp;
use claviger_base::id::{KeyId, KeyVersionId, RequestId};
use claviger_vault::{ChangePlane, OutboxEntry};

use crate::error::ServiceError;

/// A requested change: by whom, and by which operation.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The id of the request.
    pub request_id: RequestId,
    /// Where the request came from.
    pub plane: ChangePlane,
    /// The operation.
    pub operation: String,
    /// The caller.
    pub principal: String,
    /// The caller's address; `None` for the server itself.
    pub source: Option<SocketAddr>,
    /// The key as the caller wrote it.
    pub sent_key: Option<String>,
    /// When the request began.
    pub started: Instant,
}

impl Intent {
    /// A change that the server or its command line makes without a request.
    ///
    /// # Errors
    /// [`ServiceError::Random`].
    pub fn local(operation: &str) -> Result<Self, ServiceError> {
        Ok(Self {
            request_id: RequestId::generate()?,
            plane: ChangePlane::Local,
            operation: operation.to_owned(),
            principal: "claviger".to_owned(),
            source: None,
            sent_key: None,
            started: Instant::now(),
        })
    }

    /// The outbox entry of this change if it is committed at `now`, when line `log_seq` of the log is durable.
    pub(crate) fn entry(&self, subject: Subject, now: Timestamp, log_seq: u64) -> OutboxEntry {
        let Subject { id, is_key, version, named } = subject;
        // The alias or ARN by which the caller named the key.
        let sent = self.sent_key.clone().filter(|sent| is_key && *sent != id);
        OutboxEntry {
            request_id: self.request_id.clone(),
            plane: self.plane,
            operation: self.operation.clone(),
            principal: self.principal.clone(),
            source: self.source,
            key_id: Some(id),
            named: named.or(sent),
            key_version_id: version.map(|version| version.to_string()),
            time: now,
            duration_us: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            log_seq,
        }
    }
}

/// What a change changed.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    id: String,
    is_key: bool,
    version: Option<KeyVersionId>,
    named: Option<String>,
}

impl Subject {
    /// A key.
    pub(crate) fn key(id: &KeyId) -> Self {
        Self { is_key: true, ..Self::other(id.as_str()) }
    }

    /// Anything but a key, by its id or name.
    pub(crate) fn other(id: &str) -> Self {
        Self { id: id.to_owned(), is_key: false, version: None, named: None }
    }

    /// Adds the key version that was made, if any.
    pub(crate) fn with_version(self, version: Option<&KeyVersionId>) -> Self {
        Self { version: version.cloned(), ..self }
    }

    /// Adds a name that the record also mentions.
    pub(crate) fn with_name(self, name: &str) -> Self {
        Self { named: Some(name.to_owned()), ..self }
    }
}
