//! The Instance API: headers and signature checked, protobuf in, operation, protobuf out (instance-api 2, 3, 5).

mod data_key;
mod decrypt;
mod encrypt;
#[cfg(test)]
mod fields;
mod hmac;
mod keyless;
#[cfg(test)]
mod matrix;
mod pair;
#[cfg(test)]
mod records;
mod sign;

use std::sync::Arc;

use claviger_base::id::{KeyId, KeyVersionId, RequestId};
use claviger_crypto::digest::sha256;
use claviger_model::{KeyState, StateRefusal};
use claviger_service::{AccessRefusal, Caller, Invalidity, Rights, Service, ServiceError};
use claviger_vault::VaultError;
use claviger_wire::instance::header::{CONTENT_TYPE_VALUE, MIGRATION_KEY_VERSION_ID};
use claviger_wire::instance::request::{Announced, RequestHeaders};
use claviger_wire::instance::{ApiError, Operation};
use hyper::{Response, StatusCode, header};
use prost::Message;

use super::{Head, HeadError, Received, principal};
use crate::answer::{self, Body};
use crate::body::BodyError;
use crate::disconnect::DisconnectWatch;
use crate::journal::Facts;

/// What is not valid where the body is no such message.
const BODY: &str = "request body";

/// What an operation answers: an encoded message, and the key and version it used, if any.
#[derive(Debug)]
struct Answered {
    message: Vec<u8>,
    used: Option<(KeyId, KeyVersionId)>,
}

/// One authenticated call.
struct Call<'a> {
    service: &'a Service,
    caller: &'a Caller,
    rights: &'a Rights,
    body: &'a [u8],
    version_header: Option<&'a KeyVersionId>,
    request_id: &'a RequestId,
    disconnect: &'a DisconnectWatch,
}

/// A request whose headers a client key of this instance signed, together with its body's hash.
pub(crate) struct Verified {
    headers: RequestHeaders,
    caller: Caller,
    rights: Rights,
}

/// What a request will be answered that nobody known has signed: all that is kept of it while its body arrives.
pub(crate) struct Refused {
    pub(super) error: ApiError,
    /// To be compared with the body first, in the order of instance-api 2.
    announced: Option<Announced>,
}

/// Judges a request by its head.
pub(crate) async fn judge(service: &Service, head: &Head<'_>, facts: &mut Facts) -> Result<Verified, Refused> {
    let (method, path) = (head.parts.method.as_str(), head.parts.uri.path());
    let now = service.clock().real_now();
    let headers = RequestHeaders::check_presumed(method, path, head.headers, head.body_bytes_min, now)
        .map_err(|error| Refused { error, announced: None })?;
    facts.operation = Some(headers.operation.name());
    facts.claim(&headers.client_key_id);
    let (id, source) = (&headers.client_key_id, head.peer.ip());
    let verifying = service.access().verify_client_key(id, &headers.string_to_sign, &headers.signature, source);
    match verifying.await {
        Ok((caller, rights)) => {
            facts.principal = Some(principal(&caller));
            Ok(Verified { headers, caller, rights })
        }
        Err(refusal) => {
            let error = access_error(refusal, id, facts);
            Err(Refused { error, announced: Some(headers.announced) })
        }
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
        Ok(answered) => {
            if let Some((key_id, key_version_id)) = &answered.used {
                facts.key_version_id = Some(key_version_id.to_string());
                facts.find_key(key_id);
            }
            facts.end(StatusCode::OK, "OK");
            success(answered)
        }
        Err(error) => refuse(&error, received.request_id, facts),
    }
}

async fn try_answer(
    service: &Arc<Service>,
    verdict: Result<Verified, Refused>,
    received: &Received<'_>,
    facts: &mut Facts,
) -> Result<Answered, ApiError> {
    let body = received.body;
    let announced = match &verdict {
        Ok(verified) => Some(verified.headers.announced),
        Err(refused) => refused.announced,
    };
    if let Some(announced) = announced {
        announced.check(body.length, &body.sha256)?;
    }
    let Verified { headers, caller, rights } = verdict.map_err(|refused| refused.error)?;
    let call = Call {
        service,
        caller: &caller,
        rights: &rights,
        body: &body.bytes,
        version_header: headers.migration_key_version_id.as_ref(),
        request_id: received.request_id,
        disconnect: received.disconnect,
    };
    call.run(headers.operation, facts).await
}

impl Call<'_> {
    async fn run(&self, operation: Operation, facts: &mut Facts) -> Result<Answered, ApiError> {
        let outcome = self.dispatch(operation, facts).await;
        if outcome.is_err() {
            facts.find_named_key(self.service).await;
        }
        outcome
    }

    async fn dispatch(&self, operation: Operation, facts: &mut Facts) -> Result<Answered, ApiError> {
        match operation {
            Operation::GenerateDataKeyPair => self.generate_data_key_pair(facts).await,
            Operation::GenerateDataKeyPairWithoutPlaintext => {
                self.generate_data_key_pair_without_plaintext(facts).await
            }
            Operation::AdvanceGenerateDataKeyPair => self.advance_generate_data_key_pair(facts).await,
            Operation::AdvanceGenerateDataKeyPairWithoutPlaintext => {
                self.advance_generate_data_key_pair_without_plaintext(facts).await
            }
            Operation::Decrypt => self.decrypt(facts).await,
            Operation::AdvanceDecrypt => self.advance_decrypt(facts).await,
            Operation::Encrypt => self.encrypt(facts).await,
            Operation::AdvanceEncrypt => self.advance_encrypt(facts).await,
            Operation::GenerateDataKey => self.generate_data_key(facts).await,
            Operation::AdvanceGenerateDataKey => self.advance_generate_data_key(facts).await,
            Operation::GenerateRandom => self.generate_random(facts),
            Operation::GetSecretValue => self.get_secret_value(facts),
            Operation::Sign => self.sign(facts).await,
            Operation::Verify => self.verify(facts).await,
            Operation::GetPublicKey => self.get_public_key(facts).await,
            Operation::Hmac => self.hmac(facts).await,
        }
    }

    /// What `working` comes to, unless the client goes away first: what has not begun by then never does.
    async fn unless_gone<T>(
        &self,
        working: impl Future<Output = Result<T, ServiceError>>,
        facts: &mut Facts,
    ) -> Result<T, ApiError> {
        let done = tokio::select! {
            biased;
            () = self.disconnect.disconnected() => Err(ServiceError::CallerGone),
            done = working => done,
        };
        done.map_err(|error| api_error(&error, facts))
    }

    /// The request message. One that does not parse is a bad business parameter.
    fn message<M: Message + Default>(&self) -> Result<M, ApiError> {
        M::decode(self.body).map_err(|_malformed| ApiError::InvalidParameter(BODY))
    }

    /// A number that tells this client from others.
    fn client_number(&self) -> u64 {
        let digest = sha256(principal(self.caller).as_bytes());
        digest.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
    }
}

fn success(answered: Answered) -> Response<Body> {
    let body = answer::wiped(answered.message);
    let mut response = answer::with_type(StatusCode::OK, CONTENT_TYPE_VALUE, body);
    let Some((_key_id, version)) = answered.used else { return response };
    // 36 visible ASCII characters are always a header value.
    if let Ok(version) = header::HeaderValue::from_str(version.as_str()) {
        response.headers_mut().insert(MIGRATION_KEY_VERSION_ID, version);
    }
    response
}

pub(super) fn refuse(error: &ApiError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let status = status(error);
    facts.end(status, error.code());
    error_response(error, request_id)
}

fn error_response(error: &ApiError, request_id: &RequestId) -> Response<Body> {
    answer::with_type(status(error), CONTENT_TYPE_VALUE, Body::from(error.encode(request_id)))
}

fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer to a request whose head is not even looked at.
pub(crate) fn refuse_head(error: HeadError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let error = match error {
        HeadError::TooLarge => ApiError::RequestHeaderFieldsTooLarge,
        HeadError::NoRoom => ApiError::ServiceUnavailableTemporary,
    };
    refuse(&error, request_id, facts)
}

/// The answer to a request whose body did not come whole.
pub(crate) fn refuse_body(error: BodyError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let error = match error {
        BodyError::TooLarge => ApiError::RequestEntityTooLarge,
        BodyError::TooSlow | BodyError::Broken => ApiError::InvalidParameter(BODY),
        BodyError::NoRoom => ApiError::ServiceUnavailableTemporary,
    };
    refuse(&error, request_id, facts)
}

/// The answer when the audit log takes no record.
pub(crate) fn unavailable(request_id: &RequestId) -> Response<Body> {
    error_response(&ApiError::ServiceUnavailableTemporary, request_id)
}

/// A client key that is unknown "does not exist in our records" (instance-api 10.19); one that may not be used has the same
/// code, and its holder is told why.
fn access_error(refusal: AccessRefusal, id: &str, facts: &mut Facts) -> ApiError {
    if matches!(refusal, AccessRefusal::ClientKeyNotValid(_) | AccessRefusal::SourceNotAdmitted) {
        // Refused only after its signature verified: no stranger.
        facts.shut_out(id);
    }
    match refusal {
        AccessRefusal::ClientKeyUnknown => ApiError::UnknownClientKey(id.to_owned()),
        AccessRefusal::ClientKeyNotValid(invalidity) => {
            let (detail, error) = match invalidity {
                Invalidity::Expired(at) => ("client key expired", ApiError::ClientKeyExpired(id.to_owned(), at)),
                Invalidity::NotYetValid(at) => {
                    ("client key not yet valid", ApiError::ClientKeyNotYetValid(id.to_owned(), at))
                }
                Invalidity::Revoked(at) => ("client key revoked", ApiError::ClientKeyRevoked(id.to_owned(), at)),
            };
            facts.detail = Some(detail);
            error
        }
        AccessRefusal::SignatureNotMatch => ApiError::SignatureNotMatch,
        AccessRefusal::SourceNotAdmitted => {
            facts.detail = Some("source address not admitted by any policy");
            ApiError::NoPermission(id.to_owned())
        }
        AccessRefusal::Failed(error) => api_error(&error, facts),
    }
}

/// The one map from service errors to the codes of instance-api 7.
fn api_error(error: &ServiceError, facts: &mut Facts) -> ApiError {
    match error {
        ServiceError::MissingParameter(name)
        | ServiceError::InvalidParameter(name)
        | ServiceError::RefusedParameter(name, _) => {
            facts.detail = Some(name);
            ApiError::InvalidParameter(name)
        }
        ServiceError::KeyNotFound | ServiceError::AliasNotFound | ServiceError::KeyVersionNotFound => {
            ApiError::KeyNotFound
        }
        ServiceError::State(StateRefusal::Rejected(KeyState::Disabled)) => ApiError::Disabled,
        ServiceError::State(StateRefusal::Rejected(KeyState::PendingDeletion)) => ApiError::PendingDeletion,
        ServiceError::State(StateRefusal::Rejected(KeyState::PendingImport)) => ApiError::PendingImport,
        ServiceError::OnlySymmetricKeySupported(key) => ApiError::OnlySymmetricKeySupported(key.to_string()),
        ServiceError::Unsupported => ApiError::UnsupportedOperation,
        ServiceError::ConcurrencyLimitExceeded => ApiError::ConcurrencyLimitExceeded,
        ServiceError::DoesNotOpen => ApiError::InternalFailure,
        ServiceError::NoPermission(name) => ApiError::NoPermission(name.clone()),
        ServiceError::ResourceNotFound => ApiError::ResourceNotFound,
        ServiceError::KeyVersionExhausted => {
            facts.detail = Some("key version exhausted");
            ApiError::Unavailable
        }
        ServiceError::BasicOperationOnRotatingKey => {
            facts.detail = Some("basic operation on a rotating key denied");
            ApiError::UnsupportedOperation
        }
        ServiceError::CallerSuppliedIv => {
            facts.detail = Some("caller supplied iv denied");
            ApiError::UnsupportedOperation
        }
        ServiceError::Vault(VaultError::Store(_))
        | ServiceError::Random
        | ServiceError::Contention
        | ServiceError::AuditLogUnavailable => {
            tracing::error!(%error, "a request could not be served now");
            ApiError::ServiceUnavailableTemporary
        }
        ServiceError::TooManyWaiting => {
            facts.detail = Some("too many requests wait");
            ApiError::ServiceUnavailableTemporary
        }
        ServiceError::CallerGone => {
            facts.leave();
            ApiError::ServiceUnavailableTemporary
        }
        ServiceError::Keygen(_) => {
            tracing::error!(%error, "a pair could not be made");
            ApiError::ServiceUnavailableTemporary
        }
        ServiceError::Vault(_) | ServiceError::Bug(_) => {
            tracing::error!(%error, "a request failed inside");
            ApiError::InternalFailure
        }
        // No data plane operation gives these.
        ServiceError::State(StateRefusal::Rejected(KeyState::Enabled) | StateRefusal::StateModifiedFailed)
        | ServiceError::AliasAlreadyExists
        | ServiceError::ClientKeyNotFound
        | ServiceError::AccessKeyNotFound
        | ServiceError::AccessKeyLimit
        | ServiceError::LastActiveAccessKey
        | ServiceError::ResourceExists
        | ServiceError::ResourceInUse
        | ServiceError::LimitExceeded => {
            tracing::error!(%error, "an unexpected refusal");
            ApiError::InternalFailure
        }
    }
}
