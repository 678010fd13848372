//! The control plane: checks parameters and V3 signature, calls the operation and encodes the JSON answer (rpc-api 2 to 8).

#![expect(clippy::needless_pass_by_value, reason = "every handler owns its request, even if it could borrow it")]

mod access_keys;
mod access_points;
mod actions;
mod aliases;
mod authenticated;
mod call;
#[cfg(test)]
mod changes;
mod client_keys;
mod errors;
mod keys;
mod network_rules;
mod policies;
#[cfg(test)]
mod records;
mod versions;

use std::sync::Arc;

use claviger_base::id::{AccessKeyId, RequestId};
use claviger_crypto::digest::Sha256;
use claviger_crypto::mac::verify_hmac_sha256;
use claviger_service::{Caller, Service};
use claviger_wire::rpc::header::{FORM_CONTENT_TYPE, JSON_CONTENT_TYPE, REQUEST_ID};
use claviger_wire::rpc::scheme::{Scheme, check_line};
use claviger_wire::rpc::{Action, Parameters, Query, RpcError, v3};
use hyper::{Response, StatusCode, header};

use self::authenticated::{AuthenticatedRequest, Origin};
use super::context::{Head, RequestContext, principal};
use super::outcome::Reply;
use crate::answer::{self, Body};
use crate::body::BodyError;
use crate::request_log::audit_fields::{AuditFields, Principal};
use crate::unverified::HeadError;

/// A request whose headers, including the hash of the body, are signed by an access key of this instance.
pub(crate) struct Verified {
    action: Action,
    access_key: AccessKeyId,
    nonce: String,
    content_sha256: [u8; 32],
    query: String,
    is_form: bool,
}

/// The refusal of a request whose head does not verify. Nothing else of the request is kept while its body arrives.
pub(crate) struct Refused {
    pub(super) error: RpcError,
    /// Compared with the hash of the body before `error` is sent.
    content_sha256: Option<[u8; 32]>,
    /// Whether the form may contain a signature of another scheme, which decides the error.
    pub(crate) needs_form: bool,
}

impl From<RpcError> for Refused {
    fn from(error: RpcError) -> Self {
        Self { error, content_sha256: None, needs_form: false }
    }
}

/// Verifies a request by its head. The access key is looked up before anything is hashed.
pub(crate) async fn verify(service: &Service, head: &Head<'_>, fields: &mut AuditFields) -> Result<Verified, Refused> {
    let parts = head.parts;
    let method = parts.method.as_str();
    check_line(method, parts.uri.path())?;
    let encoded = parts.uri.query().unwrap_or_default();
    let query = Query::decode(encoded)?;
    let is_form = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .get(..FORM_CONTENT_TYPE.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(FORM_CONTENT_TYPE.as_bytes()))
    });
    let scheme = Scheme::find(head.headers, &query).map_err(|error| {
        let needs_form = is_form && error == Scheme::UNSIGNED;
        Refused { needs_form, ..Refused::from(error) }
    })?;
    scheme.require_supported()?;
    let action = Action::find(head.headers)?;
    fields.operation = Some(action.name());
    let head = v3::RequestHead { method, query: &query, headers: head.headers };
    let signed = v3::SignedRequest::check(&head, service.clock().real_now())?;
    fields.claim(signed.access_key_id);
    let content_sha256 = signed.content_sha256;
    let access_key = identify(service, &signed)
        .await
        .map_err(|error| Refused { content_sha256: Some(content_sha256), ..Refused::from(error) })?;
    fields.principal = Principal::Verified(principal(&Caller::AccessKey(access_key.clone())));
    let (nonce, query) = (signed.nonce.to_owned(), encoded.to_owned());
    Ok(Verified { action, access_key, nonce, content_sha256, query, is_form })
}

/// The access key whose secret signed `signed`.
async fn identify(service: &Service, signed: &v3::SignedRequest<'_>) -> Result<AccessKeyId, RpcError> {
    if signed.security_token.is_some() {
        return Err(RpcError::UnknownAccessKey);
    }
    let access_key = service.access().access_key(signed.access_key_id).await;
    let access_key = access_key.map_err(|error| errors::of_service(&error))?.ok_or(RpcError::UnknownAccessKey)?;
    let mut canonical = Sha256::new();
    signed.write_canonical(&mut |piece| canonical.update(piece));
    let string_to_sign = v3::string_to_sign(&canonical.finish());
    match verify_hmac_sha256(access_key.secret.reveal(), string_to_sign.as_bytes(), &signed.signature) {
        // Only the owner of an access key is told that it is disabled.
        Ok(()) if !access_key.is_active => Err(RpcError::InactiveAccessKey),
        Ok(()) => Ok(access_key.id.clone()),
        Err(_not_verified) => Err(signed.mismatch(string_to_sign)),
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
        Ok(json) => {
            let response = answer::with_type(StatusCode::OK, JSON_CONTENT_TYPE, answer::wiped(json));
            Reply { response: with_request_id(response, context.request_id), code: "OK" }
        }
        Err(error) => refuse(&error, context.request_id),
    }
}

async fn try_answer(
    service: &Arc<Service>,
    verified: Result<Verified, Refused>,
    context: &RequestContext<'_>,
    fields: &mut AuditFields,
) -> Result<Vec<u8>, RpcError> {
    let body = context.body;
    let verified = match verified {
        Ok(verified) => verified,
        Err(Refused { error, content_sha256, needs_form }) => {
            if let Some(declared) = content_sha256 {
                v3::check_body(&declared, &body.sha256)?;
            }
            return Err(if needs_form { Scheme::in_form(&body.bytes) } else { error });
        }
    };
    let Verified { action, access_key: caller, nonce, content_sha256, query, is_form } = verified;
    v3::check_body(&content_sha256, &body.sha256)?;
    // Checked last: an unauthenticated request must not use up the nonce of an authenticated one.
    if !service.access().nonces().is_fresh_at(caller.as_str(), &nonce, service.clock().real_now()) {
        return Err(RpcError::SignatureNonceUsed);
    }
    let parameters = Parameters::decode(&query, if is_form { body.bytes.as_ref() } else { &[] })?;
    let RequestContext { request_id, peer, started, .. } = *context;
    let origin = Origin { request_id: request_id.clone(), peer, started };
    AuthenticatedRequest { action, caller, parameters, origin }.perform(service, fields).await
}

/// The answer for an error.
pub(super) fn refuse(error: &RpcError, request_id: &RequestId) -> Reply {
    let (status, code) = error.status_and_code();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Body::from(error.encode(request_id, "claviger"));
    let response = with_request_id(answer::with_type(status, JSON_CONTENT_TYPE, body), request_id);
    Reply { response, code }
}

fn with_request_id(mut response: Response<Body>, request_id: &RequestId) -> Response<Body> {
    if let Ok(value) = header::HeaderValue::from_str(request_id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
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
    refuse(&RpcError::ServiceUnavailableTemporary, request_id)
}
