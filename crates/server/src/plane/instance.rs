//! The Instance API: headers and signature checked, protobuf in, operation, protobuf out (instance-api.md 2, 3, 5).

mod decrypt;
mod pair;

use std::sync::Arc;

use claviger_base::id::{KeyId, KeyVersionId, RequestId};
use claviger_crypto::digest::sha256;
use claviger_model::{KeyState, StateRefusal};
use claviger_service::{AccessRefusal, Caller, Service, ServiceError};
use claviger_vault::VaultError;
use claviger_wire::instance::header::{CONTENT_TYPE_VALUE, MIGRATION_KEY_VERSION_ID};
use claviger_wire::instance::request::{self, RequestHeaders};
use claviger_wire::instance::{ApiError, Operation};
use hyper::{Response, StatusCode, header};
use prost::Message;

use super::{Received, principal};
use crate::answer::{self, Body};
use crate::body::BodyError;
use crate::journal::Facts;
use crate::presence::Presence;

/// What an operation answers: an encoded message, and the version it used.
struct Answered {
    message: Vec<u8>,
    key_id: KeyId,
    key_version_id: KeyVersionId,
}

/// One authenticated call.
struct Call<'a> {
    service: &'a Service,
    caller: &'a Caller,
    body: &'a [u8],
    version_header: Option<&'a KeyVersionId>,
    request_id: &'a RequestId,
    presence: &'a Presence,
}

/// Answers one request; what is known about it is left in `facts`, also when it is refused.
pub(crate) async fn answer(service: &Arc<Service>, received: &Received<'_>, facts: &mut Facts) -> Response<Body> {
    match try_answer(service, received, facts).await {
        Ok(answered) => {
            facts.key_version_id = Some(answered.key_version_id.to_string());
            facts.key_id = Some(answered.key_id.to_string());
            facts.end(StatusCode::OK, "OK");
            success(answered)
        }
        Err(error) => refuse(&error, received.request_id, facts),
    }
}

async fn try_answer(service: &Arc<Service>, received: &Received<'_>, facts: &mut Facts) -> Result<Answered, ApiError> {
    let digest = sha256(received.body);
    let checked = request::Received {
        method: received.parts.method.as_str(),
        path: received.parts.uri.path(),
        headers: received.headers,
        body_bytes: received.body.len(),
        body_sha256: &digest,
    };
    let headers = RequestHeaders::check(&checked, service.clock().real_now())?;
    facts.operation = Some(headers.operation.name());
    facts.claim(&headers.client_key_id);
    let verifying =
        service.access().verify_client_key(&headers.client_key_id, &headers.string_to_sign, &headers.signature);
    let caller = verifying.await.map_err(|refusal| access_error(refusal, &headers.client_key_id, facts))?;
    facts.principal = Some(principal(&caller));
    let call = Call {
        service,
        caller: &caller,
        body: received.body,
        version_header: headers.migration_key_version_id.as_ref(),
        request_id: received.request_id,
        presence: received.presence,
    };
    call.run(headers.operation, facts).await
}

impl Call<'_> {
    async fn run(&self, operation: Operation, facts: &mut Facts) -> Result<Answered, ApiError> {
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
            // Their place is here; until they are built they are as unknown as any other name.
            Operation::Encrypt
            | Operation::AdvanceEncrypt
            | Operation::GenerateDataKey
            | Operation::AdvanceGenerateDataKey
            | Operation::Sign
            | Operation::Verify
            | Operation::GetPublicKey
            | Operation::GetSecretValue
            | Operation::GenerateRandom => Err(ApiError::InvalidApiName(operation.name().to_owned())),
        }
    }

    /// The request message. One that does not parse is a bad business parameter.
    fn message<M: Message + Default>(&self) -> Result<M, ApiError> {
        M::decode(self.body).map_err(|_malformed| ApiError::InvalidParameter)
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
    // 36 visible ASCII characters are always a header value.
    if let Ok(version) = header::HeaderValue::from_str(answered.key_version_id.as_str()) {
        response.headers_mut().insert(MIGRATION_KEY_VERSION_ID, version);
    }
    response
}

fn refuse(error: &ApiError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
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

/// The answer to a request whose body did not come whole.
pub(crate) fn refuse_body(error: BodyError, request_id: &RequestId, facts: &mut Facts) -> Response<Body> {
    let error = match error {
        BodyError::TooLarge => ApiError::RequestEntityTooLarge,
        BodyError::TooSlow | BodyError::Broken => ApiError::InvalidParameter,
    };
    refuse(&error, request_id, facts)
}

/// The answer when the audit log takes no record.
pub(crate) fn unavailable(request_id: &RequestId) -> Response<Body> {
    error_response(&ApiError::ServiceUnavailableTemporary, request_id)
}

/// An unknown, expired or not yet valid client key is one whose id "does not exist in our records" (section 10 no. 19).
fn access_error(refusal: AccessRefusal, id: &str, facts: &mut Facts) -> ApiError {
    match refusal {
        AccessRefusal::ClientKeyUnknown => ApiError::UnknownClientKey(id.to_owned()),
        AccessRefusal::ClientKeyNotValid => {
            facts.detail = Some("client key expired or not yet valid");
            ApiError::UnknownClientKey(id.to_owned())
        }
        AccessRefusal::SignatureNotMatch => ApiError::SignatureNotMatch,
        AccessRefusal::Failed(error) => api_error(&error, facts),
    }
}

/// The one map from service errors to the codes of instance-api.md section 7.
fn api_error(error: &ServiceError, facts: &mut Facts) -> ApiError {
    match error {
        ServiceError::MissingParameter(name) | ServiceError::InvalidParameter(name) => {
            facts.detail = Some(name);
            ApiError::InvalidParameter
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
        ServiceError::Vault(VaultError::Store(_)) | ServiceError::Random | ServiceError::Contention => {
            tracing::error!(%error, "a request could not be served now");
            ApiError::ServiceUnavailableTemporary
        }
        ServiceError::TooManyWaiting => {
            facts.detail = Some("too many requests wait for a key pair");
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
        | ServiceError::ClientKeyNotFound => {
            tracing::error!(%error, "an unexpected refusal");
            ApiError::InternalFailure
        }
    }
}
