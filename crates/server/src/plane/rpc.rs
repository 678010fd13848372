//! The control plane: parameters and V3 signature checked, operation, JSON out (openapi.md 2 to 8).

mod access_points;
mod actions;
mod client_keys;
#[cfg(test)]
mod records;

use std::sync::Arc;

use claviger_base::id::{AccessKeyId, RequestId};
use claviger_crypto::digest::sha256;
use claviger_crypto::mac::verify_hmac_sha256;
use claviger_model::{KeyState, StateRefusal};
use claviger_service::{Caller, Service, ServiceError};
use claviger_vault::VaultError;
use claviger_wire::headers::{Headers, Single};
use claviger_wire::rpc::action::{Action, Scheme, check_line};
use claviger_wire::rpc::error::RpcError;
use claviger_wire::rpc::header::{CONTENT_SHA256, FORM_CONTENT_TYPE, JSON_CONTENT_TYPE, REQUEST_ID};
use claviger_wire::rpc::parameters::Parameters;
use claviger_wire::rpc::v3;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode, header};

use super::{Received, principal};
use crate::answer::{self, Body};
use crate::body::BodyError;
use crate::journal::Facts;

/// One authenticated call, run where it may block.
struct Call<'a> {
    service: &'a Service,
    caller: AccessKeyId,
    parameters: Parameters,
    request_id: String,
    facts: Facts,
}

/// Answers one request; what is known about it is left in `facts`, also when it is refused.
pub(crate) async fn answer(service: &Arc<Service>, received: &Received<'_>, facts: &mut Facts) -> Response<Body> {
    match try_answer(service, received, facts).await {
        Ok(json) => {
            facts.end(StatusCode::OK, "OK");
            with_request_id(
                answer::with_type(StatusCode::OK, JSON_CONTENT_TYPE, answer::wiped(json)),
                received.request_id,
            )
        }
        Err(error) => refuse(&error, received.request_id, facts),
    }
}

async fn try_answer(service: &Arc<Service>, received: &Received<'_>, facts: &mut Facts) -> Result<Vec<u8>, RpcError> {
    let parts = received.parts;
    check_line(parts.method.as_str(), parts.uri.path())?;
    let is_form = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .get(..FORM_CONTENT_TYPE.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(FORM_CONTENT_TYPE.as_bytes()))
    });
    let form = if is_form { received.body.bytes.as_ref() } else { &[] };
    let parameters = Parameters::decode(parts.uri.query().unwrap_or_default(), form)?;
    let scheme = Scheme::find(received.headers, &parameters)?;
    scheme.require_supported()?;
    let action = Action::find(scheme, received.headers, &parameters)?;
    facts.operation = Some(action.name());
    let caller = authenticate(service, received, &parameters, facts).await?;
    if !received.body.is_kept() {
        facts.detail = Some("the caller was not known when the body began");
        return Err(RpcError::ServiceUnavailableTemporary);
    }
    if let Some(key) = parameters.value("KeyId") {
        facts.name_key(key);
    }
    let work = Work { action, caller, parameters, request_id: received.request_id.to_string() };
    work.perform(service, facts).await
}

/// What an authenticated caller wants done.
struct Work {
    action: Action,
    caller: AccessKeyId,
    parameters: Parameters,
    request_id: String,
}

impl Work {
    async fn perform(self, service: &Arc<Service>, facts: &mut Facts) -> Result<Vec<u8>, RpcError> {
        let Self { action, caller, parameters, request_id } = self;
        // The action adds to a copy: when it panics, what was known before is still here for the record.
        let known = facts.clone();
        let running = service.blocking(move |service| {
            let mut call = Call { service, caller, parameters, request_id, facts: known };
            let result = call.run(action);
            Ok((result, call.facts))
        });
        let (result, known) = running.await.map_err(|error| rpc_error(&error))?;
        *facts = known;
        if result.is_err() {
            facts.find_named_key(service).await;
        }
        result
    }
}

async fn authenticate(
    service: &Arc<Service>,
    received: &Received<'_>,
    parameters: &Parameters,
    facts: &mut Facts,
) -> Result<AccessKeyId, RpcError> {
    let signed = v3::Received {
        method: received.parts.method.as_str(),
        parameters,
        headers: received.headers,
        body_sha256: &received.body.sha256,
    };
    let now = service.clock().real_now();
    let signed = v3::SignedRequest::check(&signed, now, sha256)?;
    facts.claim(&signed.access_key_id);
    let (access_key, nonce) = identify(service, signed).await?;
    facts.principal = Some(principal(&Caller::AccessKey(access_key.clone())));
    // Only now: an unsigned request must not use up somebody's nonce.
    if !service.access().nonces().is_fresh_at(access_key.as_str(), &nonce, now) {
        return Err(RpcError::SignatureNonceUsed);
    }
    Ok(access_key)
}

/// The access key whose secret signed `signed`, and the nonce, which is not used up yet.
async fn identify(service: &Service, signed: v3::SignedRequest) -> Result<(AccessKeyId, String), RpcError> {
    if signed.security_token.is_some() {
        return Err(RpcError::UnknownAccessKey);
    }
    let access_key = service.access().access_key(&signed.access_key_id).await.map_err(|error| rpc_error(&error))?;
    let access_key = access_key.ok_or(RpcError::UnknownAccessKey)?;
    let verified = verify_hmac_sha256(access_key.secret.reveal(), signed.string_to_sign.as_bytes(), &signed.signature);
    if verified.is_err() {
        return Err(signed.mismatch());
    }
    Ok((access_key.id.clone(), signed.nonce))
}

/// Whether the headers are those of a request that an access key of this instance signed together with its body's hash.
pub(crate) async fn is_signed_for(service: &Service, parts: &Parts, headers: &Headers<'_>) -> bool {
    let mut presumed = [0; 32];
    let Single::Once(hash) = headers.single(CONTENT_SHA256) else { return false };
    if hex::decode_to_slice(hash, &mut presumed).is_err() {
        return false;
    }
    let Ok(parameters) = Parameters::decode(parts.uri.query().unwrap_or_default(), &[]) else { return false };
    let method = parts.method.as_str();
    let received = v3::Received { method, parameters: &parameters, headers, body_sha256: &presumed };
    match v3::SignedRequest::check(&received, service.clock().real_now(), sha256) {
        Ok(signed) => identify(service, signed).await.is_ok(),
        Err(_refused) => false,
    }
}

fn refuse(error: &RpcError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let (status, code) = error.status_and_code();
    facts.end(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), code);
    error_response(error, request_id)
}

fn error_response(error: &RpcError, request_id: &RequestId) -> Response<Body> {
    let (status, _code) = error.status_and_code();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Body::from(error.encode(request_id, "claviger"));
    with_request_id(answer::with_type(status, JSON_CONTENT_TYPE, body), request_id)
}

fn with_request_id(mut response: Response<Body>, request_id: &RequestId) -> Response<Body> {
    if let Ok(value) = header::HeaderValue::from_str(request_id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The answer to a request whose body did not come whole.
pub(crate) fn refuse_body(error: BodyError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let error = match error {
        BodyError::TooLarge => RpcError::RequestEntityTooLarge,
        BodyError::TooSlow | BodyError::Broken => RpcError::ParseRequestParameterException,
        BodyError::NoRoom => RpcError::ServiceUnavailableTemporary,
    };
    refuse(&error, request_id, facts)
}

/// The answer when the audit log takes no record.
pub(crate) fn unavailable(request_id: &RequestId) -> Response<Body> {
    error_response(&RpcError::ServiceUnavailableTemporary, request_id)
}

/// The one map from service errors to the codes of openapi.md 4.3.
fn rpc_error(error: &ServiceError) -> RpcError {
    match error {
        ServiceError::MissingParameter(name) => RpcError::MissingParameter(name),
        ServiceError::InvalidParameter(name) => RpcError::invalid(name),
        ServiceError::RefusedParameter(name, why) => RpcError::RefusedParameter { name, why },
        ServiceError::KeyNotFound => RpcError::KeyNotFound,
        ServiceError::AliasNotFound => RpcError::AliasNotFound,
        ServiceError::KeyVersionNotFound => RpcError::KeyVersionNotFound,
        ServiceError::AliasAlreadyExists => RpcError::AliasAlreadyExists,
        ServiceError::ClientKeyNotFound | ServiceError::ResourceNotFound => RpcError::ResourceNotFound,
        ServiceError::ResourceExists => RpcError::ResourceExist,
        ServiceError::ResourceInUse => RpcError::ResourceInUse,
        ServiceError::LimitExceeded => RpcError::LimitExceeded,
        ServiceError::NoPermission(name) => RpcError::NoPermission(Some(name.clone())),
        ServiceError::State(StateRefusal::StateModifiedFailed) => RpcError::StateModifiedFailed,
        ServiceError::State(StateRefusal::Rejected(state)) => match state {
            KeyState::Disabled => RpcError::Disabled,
            KeyState::PendingDeletion => RpcError::PendingDeletion,
            KeyState::PendingImport => RpcError::PendingImport,
            KeyState::Enabled => RpcError::StateModifiedFailed,
        },
        ServiceError::OnlySymmetricKeySupported(_)
        | ServiceError::Unsupported
        | ServiceError::BasicOperationOnRotatingKey
        | ServiceError::CallerSuppliedIv
        | ServiceError::KeyVersionExhausted => RpcError::RejectedUnsupportedOperation,
        ServiceError::ConcurrencyLimitExceeded => RpcError::Throttling,
        ServiceError::DoesNotOpen => RpcError::invalid("CiphertextBlob"),
        // CreateKey of an RSA key waits for a pair like anybody else.
        ServiceError::TooManyWaiting | ServiceError::CallerGone => RpcError::ServiceUnavailableTemporary,
        ServiceError::Vault(VaultError::Store(_))
        | ServiceError::Random
        | ServiceError::Contention
        | ServiceError::Keygen(_) => {
            tracing::error!(%error, "a request could not be served now");
            RpcError::ServiceUnavailableTemporary
        }
        ServiceError::Vault(_) | ServiceError::Bug(_) => {
            tracing::error!(%error, "a request failed inside");
            RpcError::InternalFailure
        }
    }
}
