//! Maps errors of the server and of the service to errors of the control plane.

use claviger_model::{KeyState, StateRefusal};
use claviger_service::ServiceError;
use claviger_vault::VaultError;
use claviger_wire::rpc::RpcError;

use crate::body::BodyError;
use crate::plane::outcome;
use crate::unverified::HeadError;

pub(super) type Refusal = outcome::Refusal<RpcError>;

/// What a handler returns.
pub(super) type Result<A> = std::result::Result<outcome::Outcome<A>, Refusal>;

/// The error for a request whose head is refused unread.
pub(super) const fn of_head(error: HeadError) -> RpcError {
    match error {
        HeadError::TooLarge => RpcError::RequestHeaderFieldsTooLarge,
        HeadError::BudgetExhausted => RpcError::ServiceUnavailableTemporary,
    }
}

/// The error for a request whose body could not be read.
pub(super) const fn of_body(error: BodyError) -> RpcError {
    match error {
        BodyError::TooLarge => RpcError::RequestEntityTooLarge,
        BodyError::TooSlow | BodyError::Broken => RpcError::ParseRequestParameterException,
        BodyError::BudgetExhausted => RpcError::ServiceUnavailableTemporary,
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        of_service(&error).into()
    }
}

/// The only mapping from service errors to the codes of rpc-api 4.3.
pub(super) fn of_service(error: &ServiceError) -> RpcError {
    match error {
        ServiceError::MissingParameter(name) => RpcError::MissingParameter(name),
        ServiceError::InvalidParameter(name) => RpcError::invalid(name),
        ServiceError::RefusedParameter(name, why) => RpcError::RefusedParameter { name, why },
        ServiceError::KeyNotFound => RpcError::KeyNotFound,
        ServiceError::AliasNotFound => RpcError::AliasNotFound,
        ServiceError::KeyVersionNotFound => RpcError::KeyVersionNotFound,
        ServiceError::AliasAlreadyExists => RpcError::AliasAlreadyExists,
        ServiceError::ClientKeyNotFound | ServiceError::ResourceNotFound => RpcError::ResourceNotFound,
        ServiceError::AccessKeyNotFound => RpcError::AccessKeyNotFound,
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
        // CreateKey of an RSA key waits for a key pair, like a data key pair request.
        ServiceError::TooManyWaiting | ServiceError::CallerGone => RpcError::ServiceUnavailableTemporary,
        ServiceError::Vault(VaultError::Store(_))
        | ServiceError::Random
        | ServiceError::Contention
        | ServiceError::AuditLogUnavailable
        | ServiceError::Keygen(_) => {
            tracing::error!(%error, "a request failed temporarily");
            RpcError::ServiceUnavailableTemporary
        }
        ServiceError::Vault(_) | ServiceError::Bug(_) => {
            tracing::error!(%error, "a request failed with an internal error");
            RpcError::InternalFailure
        }
    }
}
