//! The data of a request for its audit record, its log line and its metrics.
//!
//! Only names, ids, codes and times; never a secret.

use std::net::SocketAddr;
use std::time::Instant;

use claviger_base::id::{KeyId, KeyVersionId, RequestId};
use claviger_service::{Intent, Service, UsageWarnings};
use claviger_vault::ChangePlane;
use hyper::StatusCode;

/// Longest text from an unverified request, characters.
const CLAIM_CHARS_MAX: usize = 64;
/// Prefix of an id that is claimed but not verified.
const UNVERIFIED: &str = "unverified:";

/// The caller of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Principal {
    /// The request contains no id.
    #[default]
    Unknown,
    /// The id that an unverified caller claims.
    Claimed(String),
    /// A caller whose signature verified, but whose client key is not valid or whose address is not admitted.
    NotAdmitted(String),
    /// A caller whose signature verified.
    Verified(String),
}

/// The subject of a request, as named by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// A key, by its id, an alias or an ARN.
    Key(&'a str),
    /// Something other than a key.
    Other(&'a str),
    /// No subject.
    Nothing,
}

/// What a handler adds to the audit record; returned with the answer or the refusal.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditDetails {
    /// The id of the key, however the caller named it.
    pub(crate) key: Option<KeyId>,
    /// The id of a created resource other than a key.
    pub(crate) made: Option<String>,
    /// Another name in the request besides the subject.
    pub(crate) named: Option<String>,
    /// The version that was used or created.
    pub(crate) key_version_id: Option<KeyVersionId>,
    /// The invalid parameter or the reason. Never a text from the request.
    pub(crate) detail: Option<&'static str>,
    /// Warnings for the operator about a successful use.
    pub(crate) warnings: UsageWarnings,
    /// The caller, if it is verified but not admitted.
    pub(crate) not_admitted: Option<String>,
    /// Whether the client disconnected, so that it does not receive the answer.
    pub(crate) is_client_gone: bool,
}

/// The data of one request so far. The request's [`super::entry::Entry`] owns it, so that even a refusal, a panic or a
/// disconnect leaves a record with everything known by then.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditFields {
    /// The operation, once its name is parsed.
    pub(crate) operation: Option<&'static str>,
    /// The caller.
    pub(crate) principal: Principal,
    /// The key, first as named by the caller and later its id; or another subject.
    subject: Option<String>,
    is_key: bool,
    /// Another name in the request besides the subject.
    named: Option<String>,
    key_version_id: Option<KeyVersionId>,
    detail: Option<&'static str>,
    warnings: UsageWarnings,
    is_client_gone: bool,
    outcome: Option<(StatusCode, &'static str)>,
}

impl AuditFields {
    /// Sets the claimed id, before anything is verified.
    pub(crate) fn claim(&mut self, id: &str) {
        self.principal = Principal::Claimed(id.chars().take(CLAIM_CHARS_MAX).collect());
    }

    /// Whether the caller has no access: it is unverified or not admitted.
    pub(crate) const fn has_no_access(&self) -> bool {
        !matches!(self.principal, Principal::Verified(_))
    }

    /// The caller, if it is verified but not admitted.
    pub(crate) fn not_admitted(&self) -> Option<&str> {
        match &self.principal {
            Principal::NotAdmitted(id) => Some(id),
            Principal::Unknown | Principal::Claimed(_) | Principal::Verified(_) => None,
        }
    }

    /// The principal in audit records.
    pub(crate) fn principal(&self) -> Option<String> {
        match &self.principal {
            Principal::Unknown => None,
            Principal::Claimed(id) => Some(format!("{UNVERIFIED}{id}")),
            Principal::NotAdmitted(id) | Principal::Verified(id) => Some(id.clone()),
        }
    }

    /// Sets the subject, unless the name is empty.
    pub(crate) fn set_subject(&mut self, subject: Subject<'_>) {
        let (name, is_key) = match subject {
            Subject::Key(name) => (name, true),
            Subject::Other(name) => (name, false),
            Subject::Nothing => return,
        };
        if !name.is_empty() {
            self.subject = Some(name.to_owned());
            self.is_key = is_key;
        }
    }

    /// Another name in the request besides the subject.
    pub(crate) fn set_named(&mut self, name: String) {
        self.named = Some(name);
    }

    /// Adds the details that a handler returned.
    pub(crate) fn add(&mut self, details: AuditDetails) {
        let AuditDetails { key, made, named, key_version_id, detail, warnings, not_admitted, is_client_gone } = details;
        self.key_version_id = key_version_id.or(self.key_version_id.take());
        self.named = named.or(self.named.take());
        if let Some(made) = made {
            self.set_subject(Subject::Other(&made));
        }
        if let Some(key) = key {
            self.find_key(&key);
        }
        self.detail = detail.or(self.detail).or(warnings.text());
        self.warnings = warnings;
        if let Some(id) = not_admitted {
            self.principal = Principal::NotAdmitted(id);
        }
        self.is_client_gone |= is_client_gone;
    }

    /// Sets the subject to the key id, and keeps a different name that the caller used.
    fn find_key(&mut self, id: &KeyId) {
        let sent = self.subject.replace(id.to_string()).filter(|sent| sent != id.as_str());
        self.named = self.named.take().or(sent);
    }

    /// Resolves a key named by an alias or an ARN, for refusals that preceded the lookup of the key.
    pub(crate) async fn find_named_key(&mut self, service: &Service) {
        let Some(sent) = self.subject.as_deref().filter(|_| self.is_key) else { return };
        let Ok(key) = service.key_ref_uncounted(sent) else { return };
        if let Ok(id) = service.key_id(&key).await {
            self.find_key(&id);
        }
    }

    /// Sets the outcome.
    pub(crate) fn end(&mut self, status: StatusCode, code: &'static str) {
        if !self.is_client_gone {
            self.outcome = Some((status, code));
        }
    }

    /// The outcome, once known.
    pub(crate) const fn outcome(&self) -> Option<(StatusCode, &'static str)> {
        self.outcome
    }

    /// The intent for a change that this request makes.
    pub(crate) fn intent(&self, request_id: &RequestId, source: SocketAddr, started: Instant) -> Intent {
        Intent {
            request_id: request_id.clone(),
            plane: ChangePlane::Rpc,
            operation: self.operation.unwrap_or("-").to_owned(),
            principal: self.principal().unwrap_or_else(|| "-".to_owned()),
            source: Some(source),
            sent_key: self.subject.clone().filter(|_| self.is_key),
            started,
        }
    }

    /// The key id, or another subject.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Another name in the request besides the subject.
    pub(crate) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// The version that was used or created.
    pub(crate) const fn key_version_id(&self) -> Option<&KeyVersionId> {
        self.key_version_id.as_ref()
    }

    /// The invalid parameter or the reason. Never a text from the request.
    pub(crate) const fn detail(&self) -> Option<&'static str> {
        self.detail
    }

    /// Warnings for the operator about a successful use.
    pub(crate) const fn warnings(&self) -> UsageWarnings {
        self.warnings
    }

    /// The fields of a request with a verified caller.
    #[cfg(test)]
    pub(crate) fn verified(operation: &'static str, principal: &str) -> Self {
        let principal = Principal::Verified(principal.to_owned());
        Self { operation: Some(operation), principal, ..Self::default() }
    }

    #[cfg(test)]
    pub(crate) const fn is_client_gone(&self) -> bool {
        self.is_client_gone
    }
}
