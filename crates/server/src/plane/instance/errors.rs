//! Maps errors of the server and of the service to errors of the Instance API and to details of the audit record.

use claviger_model::{KeyState, StateRefusal};
use claviger_service::{AccessRefusal, Invalidity, ServiceError};
use claviger_vault::VaultError;
use claviger_wire::instance::ApiError;

use crate::body::BodyError;
use crate::plane::outcome;
use crate::request_log::audit_fields::AuditDetails;
use crate::unverified::HeadError;

pub(super) type Refusal = outcome::Refusal<ApiError>;

/// The parameter name in the error for a body that does not decode.
pub(super) const BODY: &str = "request body";

/// A refusal with a detail for the audit record.
fn with_detail(error: ApiError, detail: &'static str) -> Refusal {
    Refusal { error, audit: Box::new(AuditDetails { detail: Some(detail), ..AuditDetails::default() }) }
}

/// The error for a request whose head is refused unread.
pub(super) const fn of_head(error: HeadError) -> ApiError {
    match error {
        HeadError::TooLarge => ApiError::RequestHeaderFieldsTooLarge,
        HeadError::BudgetExhausted => ApiError::ServiceUnavailableTemporary,
    }
}

/// The error for a request whose body could not be read.
pub(super) const fn of_body(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLarge => ApiError::RequestEntityTooLarge,
        BodyError::TooSlow | BodyError::Broken => ApiError::InvalidParameter(BODY),
        BodyError::BudgetExhausted => ApiError::ServiceUnavailableTemporary,
    }
}

/// The refusal of the client key `id`. An unknown one "does not exist in our records" (instance-api 10.19); an invalid one
/// has the same code and a text with the reason.
pub(super) fn of_access(refusal: AccessRefusal, id: &str) -> Refusal {
    // These refusals follow a verified signature: the caller is known, but not admitted.
    let known = |error, detail| {
        let (detail, not_admitted) = (Some(detail), Some(id.to_owned()));
        Refusal { error, audit: Box::new(AuditDetails { detail, not_admitted, ..AuditDetails::default() }) }
    };
    match refusal {
        AccessRefusal::ClientKeyUnknown => ApiError::UnknownClientKey(id.to_owned()).into(),
        AccessRefusal::ClientKeyNotValid(Invalidity::Expired(at)) => {
            known(ApiError::ClientKeyExpired(id.to_owned(), at), "client key expired")
        }
        AccessRefusal::ClientKeyNotValid(Invalidity::NotYetValid(at)) => {
            known(ApiError::ClientKeyNotYetValid(id.to_owned(), at), "client key not yet valid")
        }
        AccessRefusal::ClientKeyNotValid(Invalidity::Revoked(at)) => {
            known(ApiError::ClientKeyRevoked(id.to_owned(), at), "client key revoked")
        }
        AccessRefusal::SignatureNotMatch => ApiError::SignatureNotMatch.into(),
        AccessRefusal::SourceNotAdmitted => {
            known(ApiError::NoPermission(id.to_owned()), "source address not admitted by any policy")
        }
        AccessRefusal::Failed(error) => error.into(),
    }
}

/// The only mapping from service errors to the codes of instance-api 7.
impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::MissingParameter(name)
            | ServiceError::InvalidParameter(name)
            | ServiceError::RefusedParameter(name, _) => with_detail(ApiError::InvalidParameter(name), name),
            ServiceError::KeyNotFound | ServiceError::AliasNotFound | ServiceError::KeyVersionNotFound => {
                ApiError::KeyNotFound.into()
            }
            ServiceError::State(StateRefusal::Rejected(KeyState::Disabled)) => ApiError::Disabled.into(),
            ServiceError::State(StateRefusal::Rejected(KeyState::PendingDeletion)) => ApiError::PendingDeletion.into(),
            ServiceError::State(StateRefusal::Rejected(KeyState::PendingImport)) => ApiError::PendingImport.into(),
            ServiceError::OnlySymmetricKeySupported(key) => ApiError::OnlySymmetricKeySupported(key.to_string()).into(),
            ServiceError::Unsupported => ApiError::UnsupportedOperation.into(),
            ServiceError::ConcurrencyLimitExceeded => ApiError::ConcurrencyLimitExceeded.into(),
            ServiceError::DoesNotOpen => ApiError::InternalFailure.into(),
            ServiceError::NoPermission(name) => ApiError::NoPermission(name).into(),
            ServiceError::ResourceNotFound => ApiError::ResourceNotFound.into(),
            ServiceError::KeyVersionExhausted => with_detail(ApiError::Unavailable, "key version exhausted"),
            ServiceError::BasicOperationOnRotatingKey => {
                with_detail(ApiError::UnsupportedOperation, "basic operation on a rotating key denied")
            }
            ServiceError::CallerSuppliedIv => with_detail(ApiError::UnsupportedOperation, "caller supplied iv denied"),
            ServiceError::Vault(VaultError::Store(_))
            | ServiceError::Random
            | ServiceError::Contention
            | ServiceError::AuditLogUnavailable => {
                tracing::error!(%error, "a request failed temporarily");
                ApiError::ServiceUnavailableTemporary.into()
            }
            ServiceError::TooManyWaiting => {
                with_detail(ApiError::ServiceUnavailableTemporary, "too many requests wait")
            }
            ServiceError::CallerGone => Self {
                error: ApiError::ServiceUnavailableTemporary,
                audit: Box::new(AuditDetails { is_client_gone: true, ..AuditDetails::default() }),
            },
            ServiceError::Keygen(_) => {
                tracing::error!(%error, "a key pair could not be generated");
                ApiError::ServiceUnavailableTemporary.into()
            }
            ServiceError::Vault(_) | ServiceError::Bug(_) => {
                tracing::error!(%error, "a request failed with an internal error");
                ApiError::InternalFailure.into()
            }
            // No operation of the Instance API returns these.
            ServiceError::State(StateRefusal::Rejected(KeyState::Enabled) | StateRefusal::StateModifiedFailed)
            | ServiceError::AliasAlreadyExists
            | ServiceError::ClientKeyNotFound
            | ServiceError::AccessKeyNotFound
            | ServiceError::AccessKeyLimit
            | ServiceError::LastActiveAccessKey
            | ServiceError::ResourceExists
            | ServiceError::ResourceInUse
            | ServiceError::LimitExceeded => {
                tracing::error!(%error, "an operation of the Instance API returned an error of the control plane");
                ApiError::InternalFailure.into()
            }
        }
    }
}
