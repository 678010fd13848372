//! Who asks for a change, and what was changed: what the audit record of a change says.
//!
//! Rule: no operation changes the store without an [`Intent`]; [`claviger_vault::Change::commit`] asks for what comes of it.

use std::net::SocketAddr;
use std::time::Instant;

use claviger_base::Timestamp;
use claviger_base::id::{KeyId, KeyVersionId, RequestId};
use claviger_vault::{ChangePlane, OutboxEntry};

use crate::error::ServiceError;

/// Who asks for one change, and by which operation.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The request.
    pub request_id: RequestId,
    /// Where it came from.
    pub plane: ChangePlane,
    /// The operation.
    pub operation: String,
    /// Who asks.
    pub principal: String,
    /// From where; `None` for the server itself.
    pub source: Option<SocketAddr>,
    /// The key as the caller wrote it.
    pub sent_key: Option<String>,
    /// When it began.
    pub started: Instant,
}

impl Intent {
    /// A change that the server or its command line makes by itself.
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

    /// What the outbox holds of this change, committed at `now`, when the log has `log_seq` lines.
    pub(crate) fn entry(&self, changed: Changed, now: Timestamp, log_seq: u64) -> OutboxEntry {
        let Changed { id, is_key, version, named } = changed;
        // The alias or ARN by which the caller meant the key.
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

/// What a change was about.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    id: String,
    is_key: bool,
    version: Option<KeyVersionId>,
    named: Option<String>,
}

impl Changed {
    /// A key.
    pub(crate) fn key(id: &KeyId) -> Self {
        Self { is_key: true, ..Self::other(id.as_str()) }
    }

    /// Something that is no key, by its id or name.
    pub(crate) fn other(id: &str) -> Self {
        Self { id: id.to_owned(), is_key: false, version: None, named: None }
    }

    /// The version that was made, if any.
    pub(crate) fn with_version(self, version: Option<&KeyVersionId>) -> Self {
        Self { version: version.cloned(), ..self }
    }

    /// What was named beside it.
    pub(crate) fn with_name(self, name: &str) -> Self {
        Self { named: Some(name.to_owned()), ..self }
    }
}
