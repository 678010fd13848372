//! What a handler returns: the answer or the error for the caller, together with the details for the audit record.

use claviger_base::id::{KeyId, KeyVersionId};
use hyper::Response;

use crate::answer::Body;
use crate::request_log::audit_fields::AuditDetails;

/// A successful request.
#[derive(Debug)]
pub(crate) struct Outcome<A> {
    /// The answer for the caller.
    pub(crate) answer: A,
    /// What the record contains beyond the content of the request.
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

/// An answer without further details for the record.
impl<A> From<A> for Outcome<A> {
    fn from(answer: A) -> Self {
        Self { answer, audit: AuditDetails::default() }
    }
}

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refusal<E> {
    /// The error for the caller.
    pub(crate) error: E,
    /// What the record contains beyond the content of the request. Boxed to keep `Result`s small.
    pub(crate) audit: Box<AuditDetails>,
}

/// A refusal without further details for the record.
impl<E> From<E> for Refusal<E> {
    fn from(error: E) -> Self {
        Self { error, audit: Box::default() }
    }
}

/// The HTTP response to a request, and the code for its audit record.
pub(crate) struct Reply {
    pub(crate) response: Response<Body>,
    pub(crate) code: &'static str,
}
