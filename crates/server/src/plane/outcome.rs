//! What a handler returns: what the caller is told, and what the audit record says, in one value.

use claviger_base::id::{KeyId, KeyVersionId};
use hyper::Response;

use crate::answer::Body;
use crate::request_log::audit_fields::AuditDetails;

/// A request that was served.
#[derive(Debug)]
pub(crate) struct Outcome<A> {
    /// What the caller is told.
    pub(crate) answer: A,
    /// What the record says beside what the request itself named.
    pub(crate) audit: AuditDetails,
}

impl<A> Outcome<A> {
    /// An answer about a key.
    pub(crate) fn of_key(key: KeyId, answer: A) -> Self {
        Self { answer, audit: AuditDetails { key: Some(key), ..AuditDetails::default() } }
    }

    /// An answer about a key version.
    pub(crate) fn of_version(key: KeyId, version: KeyVersionId, answer: A) -> Self {
        let audit = AuditDetails { key: Some(key), key_version_id: Some(version), ..AuditDetails::default() };
        Self { answer, audit }
    }
}

/// An answer whose record says no more than the request.
impl<A> From<A> for Outcome<A> {
    fn from(answer: A) -> Self {
        Self { answer, audit: AuditDetails::default() }
    }
}

/// A request that was refused.
#[derive(Debug)]
pub(crate) struct Refusal<E> {
    /// What the caller is told.
    pub(crate) error: E,
    /// What the record says beside what the request itself named. Boxed, because every result has room for it.
    pub(crate) audit: Box<AuditDetails>,
}

/// A refusal whose record says no more than the error.
impl<E> From<E> for Refusal<E> {
    fn from(error: E) -> Self {
        Self { error, audit: Box::default() }
    }
}

/// The answer to a request as it leaves, and the code under which it is recorded.
pub(crate) struct Reply {
    pub(crate) response: Response<Body>,
    pub(crate) code: &'static str,
}
