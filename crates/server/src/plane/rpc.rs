//! The control plane: parameters and V3 signature checked, operation, JSON out (rpc-api 2 to 8).

mod access_keys;
mod access_points;
mod actions;
#[cfg(test)]
mod changes;
mod client_keys;
#[cfg(test)]
mod records;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use claviger_base::id::{AccessKeyId, RequestId};
use claviger_crypto::digest::Sha256;
use claviger_crypto::mac::verify_hmac_sha256;
use claviger_model::{KeyState, StateRefusal};
use claviger_service::{Caller, Intent, Service, ServiceError};
use claviger_vault::VaultError;
use claviger_wire::rpc::action::{Action, Scheme, check_line};
use claviger_wire::rpc::error::RpcError;
use claviger_wire::rpc::header::{FORM_CONTENT_TYPE, JSON_CONTENT_TYPE, REQUEST_ID};
use claviger_wire::rpc::parameters::Parameters;
use claviger_wire::rpc::{Query, v3};
use hyper::{Response, StatusCode, header};

use super::{Head, HeadError, Received, principal};
use crate::answer::{self, Body};
use crate::body::BodyError;
use crate::journal::Facts;

/// Where a request came from and when, for the record of the change that it makes.
#[derive(Debug, Clone)]
struct Origin {
    request_id: RequestId,
    peer: SocketAddr,
    started: Instant,
}

impl Origin {
    fn of(received: &Received<'_>) -> Self {
        Self { request_id: received.request_id.clone(), peer: received.peer, started: received.started }
    }
}

/// One authenticated call, run where it may block.
struct Call<'a> {
    service: &'a Service,
    caller: AccessKeyId,
    parameters: Parameters,
    request_id: String,
    origin: Origin,
    facts: Facts,
}

impl Call<'_> {
    /// For the change that this call makes, when what it names is known.
    fn intent(&self) -> Intent {
        self.facts.intent(&self.origin.request_id, self.origin.peer, self.origin.started)
    }
}

/// A request whose headers an access key of this instance signed, together with its body's hash.
pub(crate) struct Verified {
    action: Action,
    access_key: AccessKeyId,
    nonce: String,
    content_sha256: [u8; 32],
    query: String,
    is_form: bool,
}

/// What a request will be answered that nobody known has signed: all that is kept of it while its body arrives.
pub(crate) struct Refused {
    pub(super) error: RpcError,
    /// To be compared with the body's first.
    content_sha256: Option<[u8; 32]>,
    /// Whether the form may say by which scheme it is signed.
    pub(crate) looks_at_form: bool,
}

impl From<RpcError> for Refused {
    fn from(error: RpcError) -> Self {
        Self { error, content_sha256: None, looks_at_form: false }
    }
}

/// Judges a request by its head. The access key is looked up before anything is hashed.
pub(crate) async fn judge(service: &Service, head: &Head<'_>, facts: &mut Facts) -> Result<Verified, Refused> {
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
        let looks_at_form = is_form && error == Scheme::UNSIGNED;
        Refused { looks_at_form, ..Refused::from(error) }
    })?;
    scheme.require_supported()?;
    let action = Action::find(head.headers)?;
    facts.operation = Some(action.name());
    let received = v3::Received { method, query: &query, headers: head.headers };
    let signed = v3::SignedRequest::check(&received, service.clock().real_now())?;
    facts.claim(signed.access_key_id);
    let content_sha256 = signed.content_sha256;
    let access_key = identify(service, &signed)
        .await
        .map_err(|error| Refused { content_sha256: Some(content_sha256), ..Refused::from(error) })?;
    facts.principal = Some(principal(&Caller::AccessKey(access_key.clone())));
    let (nonce, query) = (signed.nonce.to_owned(), encoded.to_owned());
    Ok(Verified { action, access_key, nonce, content_sha256, query, is_form })
}

/// The access key whose secret signed `signed`.
async fn identify(service: &Service, signed: &v3::SignedRequest<'_>) -> Result<AccessKeyId, RpcError> {
    if signed.security_token.is_some() {
        return Err(RpcError::UnknownAccessKey);
    }
    let access_key = service.access().access_key(signed.access_key_id).await.map_err(|error| rpc_error(&error))?;
    let access_key = access_key.ok_or(RpcError::UnknownAccessKey)?;
    let mut canonical = Sha256::new();
    signed.write_canonical(&mut |piece| canonical.update(piece));
    let string_to_sign = v3::string_to_sign(&canonical.finish());
    match verify_hmac_sha256(access_key.secret.reveal(), string_to_sign.as_bytes(), &signed.signature) {
        // Whether an access key is disabled is told to its owner alone.
        Ok(()) if !access_key.is_active => Err(RpcError::InactiveAccessKey),
        Ok(()) => Ok(access_key.id.clone()),
        Err(_not_verified) => Err(signed.mismatch(string_to_sign)),
    }
}

/// Answers one request; what is known about it is left in `facts`, also when it is refused.
pub(crate) async fn answer(
    service: &Arc<Service>,
    verdict: Result<Verified, Refused>,
    received: &Received<'_>,
    facts: &mut Facts,
) -> Response<Body> {
    match try_answer(service, verdict, received, facts).await {
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

async fn try_answer(
    service: &Arc<Service>,
    verdict: Result<Verified, Refused>,
    received: &Received<'_>,
    facts: &mut Facts,
) -> Result<Vec<u8>, RpcError> {
    let body = received.body;
    let verified = match verdict {
        Ok(verified) => verified,
        Err(Refused { error, content_sha256, looks_at_form }) => {
            if let Some(announced) = content_sha256 {
                v3::check_body(&announced, &body.sha256)?;
            }
            return Err(if looks_at_form { Scheme::in_form(&body.bytes) } else { error });
        }
    };
    let Verified { action, access_key, nonce, content_sha256, query, is_form } = verified;
    v3::check_body(&content_sha256, &body.sha256)?;
    // Only now: a request that nobody signed must not use up somebody's nonce.
    if !service.access().nonces().is_fresh_at(access_key.as_str(), &nonce, service.clock().real_now()) {
        return Err(RpcError::SignatureNonceUsed);
    }
    let parameters = Parameters::decode(&query, if is_form { body.bytes.as_ref() } else { &[] })?;
    if let Some(key) = parameters.value("KeyId") {
        facts.name_key(key);
    }
    let work = Work { action, caller: access_key, parameters, origin: Origin::of(received) };
    work.perform(service, facts).await
}

/// What an authenticated caller wants done.
struct Work {
    action: Action,
    caller: AccessKeyId,
    parameters: Parameters,
    origin: Origin,
}

impl Work {
    async fn perform(self, service: &Arc<Service>, facts: &mut Facts) -> Result<Vec<u8>, RpcError> {
        let Self { action, caller, parameters, origin } = self;
        // The action adds to a copy: when it panics, what was known before is still here for the record.
        let known = facts.clone();
        let running = service.blocking(move |service| {
            let request_id = origin.request_id.to_string();
            let mut call = Call { service, caller, parameters, request_id, origin, facts: known };
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

pub(super) fn refuse(error: &RpcError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
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

/// The answer to a request whose head is not even looked at.
pub(crate) fn refuse_head(error: HeadError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let error = match error {
        HeadError::TooLarge => RpcError::RequestHeaderFieldsTooLarge,
        HeadError::NoRoom => RpcError::ServiceUnavailableTemporary,
    };
    refuse(&error, request_id, facts)
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

/// The one map from service errors to the codes of rpc-api 4.3.
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
        ServiceError::AccessKeyNotFound => RpcError::AccessKeyMissing,
        ServiceError::AccessKeyLimit => RpcError::AccessKeyLimit,
        ServiceError::LastActiveAccessKey => RpcError::LastActiveAccessKey,
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
        | ServiceError::AuditLogUnavailable
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
