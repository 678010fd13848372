//! What is known of a request so far: the fields of its audit record, its log line and its metrics.
//!
//! Rule: no secret enters here, only names, ids, codes and times.

use std::net::SocketAddr;
use std::time::Instant;

use claviger_base::id::{KeyId, KeyVersionId, RequestId};
use claviger_service::{Intent, Service, UsageWarnings};
use claviger_vault::ChangePlane;
use hyper::StatusCode;

/// Longest text kept from an unverified request.
const CLAIM_CHARS_MAX: usize = 64;
/// Precedes an id that a caller only claims.
const UNVERIFIED: &str = "unverified:";

/// Who sent a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Nothing says who.
    #[default]
    Unknown,
    /// The id that an unverified caller claims.
    Claimed(String),
    /// A caller whose signature verified, refused for what it is: expired, or at an address that is not admitted.
    NotAdmitted(String),
    /// A caller whose signature verified.
    Verified(String),
}

/// What a request is about, as its caller named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// A key, by its id, an alias or an ARN.
    Key(&'a str),
    /// Something that is no key.
    Other(&'a str),
    /// Nothing that has a name.
    Nothing,
}

/// What the handler of a request adds to its audit record, returned beside the answer or the refusal.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditDetails {
    /// The key, found by whatever name the caller used.
    pub(crate) key: Option<KeyId>,
    /// The id of something that was made and is no key.
    pub(crate) made: Option<String>,
    /// What was named beside the subject.
    pub(crate) named: Option<String>,
    /// The version that was used or made.
    pub(crate) key_version_id: Option<KeyVersionId>,
    /// Which parameter, or why, in words of the program.
    pub(crate) detail: Option<&'static str>,
    /// What the operator should know about a use that was served.
    pub(crate) warnings: UsageWarnings,
    /// The caller, where it is known and refused for what it is.
    pub(crate) not_admitted: Option<String>,
    /// The client disconnected: whatever is answered, nobody receives it.
    pub(crate) is_client_gone: bool,
}

/// What is known of one request so far. It belongs to the request's [`super::entry::Entry`], so that a refusal, a panic and a
/// client that disconnects leave a record with all that was known by then.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuditFields {
    /// The operation, once its name is recognised.
    pub(crate) operation: Option<&'static str>,
    /// Who called.
    pub(crate) principal: Principal,
    /// The key, as named by the caller and later by its id; or what else the request is about.
    subject: Option<String>,
    is_key: bool,
    /// What was named beside it.
    named: Option<String>,
    key_version_id: Option<KeyVersionId>,
    detail: Option<&'static str>,
    warnings: UsageWarnings,
    is_client_gone: bool,
    outcome: Option<(StatusCode, &'static str)>,
}

impl AuditFields {
    /// The caller's own word for who it is, before anything is verified.
    pub(crate) fn claim(&mut self, id: &str) {
        self.principal = Principal::Claimed(id.chars().take(CLAIM_CHARS_MAX).collect());
    }

    /// Whether the caller may do nothing here: it is unverified, or refused for what it is.
    pub(crate) const fn grants_nothing(&self) -> bool {
        !matches!(self.principal, Principal::Verified(_))
    }

    /// The caller, where its signature verified and it is refused for what it is.
    pub(crate) fn not_admitted(&self) -> Option<&str> {
        match &self.principal {
            Principal::NotAdmitted(id) => Some(id),
            Principal::Unknown | Principal::Claimed(_) | Principal::Verified(_) => None,
        }
    }

    /// The principal, as audit records name it.
    pub(crate) fn principal(&self) -> Option<String> {
        match &self.principal {
            Principal::Unknown => None,
            Principal::Claimed(id) => Some(format!("{UNVERIFIED}{id}")),
            Principal::NotAdmitted(id) | Principal::Verified(id) => Some(id.clone()),
        }
    }

    /// What the request is about. An empty name says nothing, and what was known before stays.
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

    /// What was named beside the subject.
    pub(crate) fn set_named(&mut self, name: String) {
        self.named = Some(name);
    }

    /// Adds what a handler returned beside its answer or refusal.
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

    /// The id of the key that the caller named, perhaps by another name.
    fn find_key(&mut self, id: &KeyId) {
        let sent = self.subject.replace(id.to_string()).filter(|sent| sent != id.as_str());
        self.named = self.named.take().or(sent);
    }

    /// Finds the key that was named by an alias or an ARN, for the record of a refusal that came before the key was found.
    pub(crate) async fn find_named_key(&mut self, service: &Service) {
        let Some(sent) = self.subject.as_deref().filter(|_| self.is_key) else { return };
        let Ok(key) = service.key_ref_uncounted(sent) else { return };
        if let Ok(id) = service.key_id(&key).await {
            self.find_key(&id);
        }
    }

    /// How the request ended.
    pub(crate) fn end(&mut self, status: StatusCode, code: &'static str) {
        if !self.is_client_gone {
            self.outcome = Some((status, code));
        }
    }

    /// How the request ended, if it did.
    pub(crate) const fn outcome(&self) -> Option<(StatusCode, &'static str)> {
        self.outcome
    }

    /// For a change that this request makes.
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

    /// The key by its id, or what else the request was about.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// What was named beside the subject.
    pub(crate) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// The version that was used or made.
    pub(crate) const fn key_version_id(&self) -> Option<&KeyVersionId> {
        self.key_version_id.as_ref()
    }

    /// Which parameter, or why, in words of the program.
    pub(crate) const fn detail(&self) -> Option<&'static str> {
        self.detail
    }

    /// What the operator should know about a use that was served.
    pub(crate) const fn warnings(&self) -> UsageWarnings {
        self.warnings
    }

    /// What is known once the caller is verified.
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
