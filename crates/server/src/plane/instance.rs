//! The Instance API: checks headers and signature, decodes the protobuf request, calls the operation and encodes the
//! response (instance-api 2, 3, 5).

#![expect(clippy::needless_pass_by_value, reason = "every handler owns its request, even if it could borrow it")]

mod call;
mod data_key;
mod data_key_pair;
mod decrypt;
mod encrypt;
mod errors;
#[cfg(test)]
mod fields;
mod hmac;
#[cfg(test)]
mod matrix;
mod operations;
mod random;
#[cfg(test)]
mod records;
mod secret;
mod sign;

use std::sync::Arc;

use claviger_base::id::RequestId;
use claviger_service::{Caller, Rights, Service};
use claviger_wire::instance::ApiError;
use claviger_wire::instance::header::{CONTENT_TYPE_VALUE, MIGRATION_KEY_VERSION_ID};
use claviger_wire::instance::request::{DeclaredBody, RequestHeaders};
use hyper::{StatusCode, header};

use self::call::Call;
use self::operations::Served;
use super::context::{Head, RequestContext, principal};
use super::outcome::{Refusal, Reply};
use crate::answer::{self, Body};
use crate::body::BodyError;
use crate::request_log::audit_fields::{AuditFields, Principal};
use crate::unverified::HeadError;

/// A request whose headers, including the hash of the body, are signed by a client key of this instance.
pub(crate) struct Verified {
    headers: RequestHeaders,
    caller: Caller,
    rights: Rights,
}

/// The refusal of a request whose head does not verify. Nothing else of the request is kept while its body arrives.
pub(crate) struct Refused {
    pub(super) error: ApiError,
    /// Compared with the body before `error` is sent, as the order of instance-api 2 requires.
    declared_body: Option<DeclaredBody>,
}

/// Verifies a request by its head.
pub(crate) async fn verify(service: &Service, head: &Head<'_>, fields: &mut AuditFields) -> Result<Verified, Refused> {
    let (method, path) = (head.parts.method.as_str(), head.parts.uri.path());
    let now = service.clock().real_now();
    let headers = RequestHeaders::check_before_body(method, path, head.headers, head.body_bytes_min, now)
        .map_err(|error| Refused { error, declared_body: None })?;
    fields.operation = Some(headers.operation.name());
    fields.claim(&headers.client_key_id);
    let (id, source) = (&headers.client_key_id, head.peer.ip());
    let verifying = service.access().verify_client_key(id, &headers.string_to_sign, &headers.signature, source);
    match verifying.await {
        Ok((caller, rights)) => {
            fields.principal = Principal::Verified(principal(&caller));
            Ok(Verified { headers, caller, rights })
        }
        Err(refusal) => {
            let Refusal { error, audit } = errors::of_access(refusal, id);
            fields.add(*audit);
            Err(Refused { error, declared_body: Some(headers.declared_body) })
        }
    }
}

/// Answers one request. Fills in `fields`, even if the request is refused.
pub(crate) async fn answer(
    service: &Arc<Service>,
    verified: Result<Verified, Refused>,
    context: &RequestContext<'_>,
    fields: &mut AuditFields,
) -> Reply {
    match try_answer(service, verified, context, fields).await {
        Ok(served) => success(served),
        Err(error) => refuse(&error, context.request_id),
    }
}

async fn try_answer(
    service: &Arc<Service>,
    verified: Result<Verified, Refused>,
    context: &RequestContext<'_>,
    fields: &mut AuditFields,
) -> Result<Served, ApiError> {
    let body = context.body;
    let declared_body = match &verified {
        Ok(verified) => Some(verified.headers.declared_body),
        Err(refused) => refused.declared_body,
    };
    if let Some(declared_body) = declared_body {
        declared_body.check(body.length, &body.sha256)?;
    }
    let Verified { headers, caller, rights } = verified.map_err(|refused| refused.error)?;
    let call = Call {
        service,
        caller: &caller,
        rights: &rights,
        version_header: headers.migration_key_version_id.as_ref(),
        request_id: context.request_id.as_str(),
        disconnect: context.disconnect,
    };
    operations::perform(headers.operation, &body.bytes, &call, fields).await
}

fn success((message, version): Served) -> Reply {
    let mut response = answer::with_type(StatusCode::OK, CONTENT_TYPE_VALUE, answer::wiped(message));
    // Never fails: a version id consists of 36 visible ASCII characters.
    if let Some(version) = version.and_then(|version| header::HeaderValue::from_str(version.as_str()).ok()) {
        response.headers_mut().insert(MIGRATION_KEY_VERSION_ID, version);
    }
    Reply { response, code: "OK" }
}

/// The answer for an error.
pub(super) fn refuse(error: &ApiError, request_id: &RequestId) -> Reply {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = answer::with_type(status, CONTENT_TYPE_VALUE, Body::from(error.encode(request_id)));
    Reply { response, code: error.code() }
}

/// The answer to a request whose head is refused unread.
pub(crate) fn refuse_head(error: HeadError, request_id: &RequestId) -> Reply {
    refuse(&errors::of_head(error), request_id)
}

/// The answer to a request whose body could not be read.
pub(crate) fn refuse_body(error: BodyError, request_id: &RequestId) -> Reply {
    refuse(&errors::of_body(error), request_id)
}

/// The answer when the audit log cannot write.
pub(crate) fn unavailable(request_id: &RequestId) -> Reply {
    refuse(&ApiError::ServiceUnavailableTemporary, request_id)
}
