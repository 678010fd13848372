//! Why an operation was refused or failed. The public words for each come from the spec's tables (`wire`), chosen in
//! one place per plane (`server`); what is private goes to the log.

use std::fmt;

use claviger_base::id::KeyId;
use claviger_base::random::RandomUnavailable;
use claviger_keygen::KeygenError;
use claviger_model::StateRefusal;
use claviger_vault::VaultError;

/// Access keys that may exist at once, active or not, as RAM allows a user: enough to exchange one for another.
pub const ACCESS_KEYS_MAX: usize = 2;

/// What an operation answers instead of its result.
#[derive(Debug)]
pub enum ServiceError {
    /// A required parameter is missing or empty.
    MissingParameter(&'static str),
    /// A parameter has a value that is not allowed.
    InvalidParameter(&'static str),
    /// A parameter has a value that looks allowed and is not; the second text is a sentence that says what to send instead.
    RefusedParameter(&'static str, &'static str),
    /// No key has this id, or it has been destroyed.
    KeyNotFound,
    /// No alias has this name.
    AliasNotFound,
    /// The key has no such version.
    KeyVersionNotFound,
    /// The alias exists already.
    AliasAlreadyExists,
    /// No client key has this id.
    ClientKeyNotFound,
    /// No access key has this id.
    AccessKeyNotFound,
    /// As many access keys as may exist at once do so already.
    AccessKeyLimit,
    /// Without this access key nobody could call the control plane any more.
    LastActiveAccessKey,
    /// There is no such secret, application access point, policy or network rule.
    ResourceNotFound,
    /// There is one of this name already.
    ResourceExists,
    /// Something else depends on it.
    ResourceInUse,
    /// As many as are allowed exist already.
    LimitExceeded,
    /// No policy grants it. The value is the key id or the secret's name.
    NoPermission(String),
    /// The key version has sealed as often as it may; a new version or key is needed.
    KeyVersionExhausted,
    /// The operator's policy refuses basic operations on keys that rotate.
    BasicOperationOnRotatingKey,
    /// The operator's policy refuses initialization vectors chosen by callers.
    CallerSuppliedIv,
    /// The key's state forbids it.
    State(StateRefusal),
    /// The operation takes symmetric keys only.
    OnlySymmetricKeySupported(KeyId),
    /// The key's type, usage or origin does not allow the operation, or this server does not have it.
    Unsupported,
    /// As many data key pair requests as are allowed are in flight already.
    ConcurrencyLimitExceeded,
    /// As many requests as may wait for a pair, or for a place for slow arithmetic, do so already.
    TooManyWaiting,
    /// The caller went away before there was an answer.
    CallerGone,
    /// The ciphertext does not open: wrong key, wrong associated data, or altered. No detail on purpose.
    DoesNotOpen,
    /// Somebody else kept changing the same records; try again.
    Contention,
    /// The audit log takes no records, so nothing may be changed.
    AuditLogUnavailable,
    /// The vault failed.
    Vault(VaultError),
    /// Pair generation failed.
    Keygen(KeygenError),
    /// The operating system gave no random bytes.
    Random,
    /// Something that cannot happen did; the text names the place.
    Bug(&'static str),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingParameter(name) => write!(f, "the parameter {name} is missing"),
            Self::InvalidParameter(name) => write!(f, "the parameter {name} has a value that is not allowed"),
            Self::RefusedParameter(name, why) => write!(f, "the parameter {name} is not allowed so: {why}"),
            Self::KeyNotFound => f.write_str("no such key"),
            Self::AliasNotFound => f.write_str("no such alias"),
            Self::KeyVersionNotFound => f.write_str("no such key version"),
            Self::AliasAlreadyExists => f.write_str("the alias exists already"),
            Self::ClientKeyNotFound => f.write_str("no such client key"),
            Self::AccessKeyNotFound => {
                f.write_str("no such access key; `claviger access-key list` shows what there is")
            }
            Self::AccessKeyLimit => write!(
                f,
                "{ACCESS_KEYS_MAX} access keys exist already, so that one can be exchanged for the other; delete one first: claviger access-key delete ID"
            ),
            Self::LastActiveAccessKey => f.write_str(
                "it is the last active access key, without which nobody could call the control plane; make or enable another first",
            ),
            Self::ResourceNotFound => f.write_str("no such resource"),
            Self::ResourceExists => f.write_str("there is one of this name already"),
            Self::ResourceInUse => f.write_str("something else depends on it"),
            Self::LimitExceeded => f.write_str("as many as are allowed exist already"),
            Self::NoPermission(name) => write!(f, "no policy grants the use of {name}"),
            Self::KeyVersionExhausted => f.write_str("the key version has sealed as often as it may"),
            Self::BasicOperationOnRotatingKey => f.write_str("basic operations on rotating keys are denied here"),
            Self::CallerSuppliedIv => f.write_str("initialization vectors chosen by callers are denied here"),
            Self::State(StateRefusal::Rejected(state)) => write!(f, "the key is {}", state.name()),
            Self::State(StateRefusal::StateModifiedFailed) => f.write_str("the key's state allows no such change"),
            Self::OnlySymmetricKeySupported(key) => write!(f, "the key {key} is not symmetric"),
            Self::Unsupported => f.write_str("the operation is not supported for this key"),
            Self::ConcurrencyLimitExceeded => f.write_str("too many data key pair requests at once"),
            Self::TooManyWaiting => f.write_str("too many requests wait already"),
            Self::CallerGone => f.write_str("the caller went away"),
            Self::DoesNotOpen => f.write_str("the ciphertext does not open"),
            Self::Contention => f.write_str("the same records were being changed by others"),
            Self::AuditLogUnavailable => f.write_str("the audit log takes no records"),
            Self::Vault(error) => write!(f, "{error}"),
            Self::Keygen(error) => write!(f, "{error}"),
            Self::Random => write!(f, "{RandomUnavailable}"),
            Self::Bug(place) => write!(f, "a fault in Claviger: {place}; please report it"),
        }
    }
}

impl std::error::Error for ServiceError {}

impl From<VaultError> for ServiceError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl From<KeygenError> for ServiceError {
    fn from(error: KeygenError) -> Self {
        match error {
            KeygenError::TooManyWaiting => Self::TooManyWaiting,
            failed => Self::Keygen(failed),
        }
    }
}

impl From<StateRefusal> for ServiceError {
    fn from(refusal: StateRefusal) -> Self {
        Self::State(refusal)
    }
}

impl From<RandomUnavailable> for ServiceError {
    fn from(_: RandomUnavailable) -> Self {
        Self::Random
    }
}
