//! Why an operation was refused or failed. `server` maps each error to the API's error code, in one place per plane; details
//! that callers must not see go to the log.

use std::fmt;

use claviger_base::id::KeyId;
use claviger_base::random::RandomUnavailable;
use claviger_keygen::KeygenError;
use claviger_model::StateRefusal;
use claviger_vault::VaultError;

/// How many access keys may exist at once, active or not: as many as RAM allows a user, and enough to replace one by another.
pub const ACCESS_KEYS_MAX: usize = 2;

/// Why an operation returns no result.
#[derive(Debug)]
pub enum ServiceError {
    /// A required parameter is missing or empty.
    MissingParameter(&'static str),
    /// A parameter has a value that is not allowed.
    InvalidParameter(&'static str),
    /// A parameter has a value that looks valid but is not. The second text is a sentence that says what to send instead.
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
    /// The maximum number of access keys exists.
    AccessKeyLimit,
    /// It is the last active access key; without it the control plane could not be called any more.
    LastActiveAccessKey,
    /// No secret, application access point, policy or network rule has this name.
    ResourceNotFound,
    /// The name is taken.
    ResourceExists,
    /// Another resource refers to it.
    ResourceInUse,
    /// The maximum number of these resources exists.
    LimitExceeded,
    /// No policy grants the use of the key with this id or of the secret with this name.
    NoPermission(String),
    /// The key version has made as many encryptions as it may; a new version or key is needed.
    KeyVersionExhausted,
    /// The operator denies basic operations on keys that rotate.
    BasicOperationOnRotatingKey,
    /// The operator denies initialization vectors chosen by callers.
    CallerSuppliedIv,
    /// The key's state does not allow it.
    State(StateRefusal),
    /// The operation takes only symmetric keys.
    OnlySymmetricKeySupported(KeyId),
    /// The key's spec, usage or origin does not allow the operation, or this server does not implement it.
    Unsupported,
    /// The maximum number of data key pair requests is in flight.
    ConcurrencyLimitExceeded,
    /// The maximum number of requests waits for a pair, or for CPU-bound work to run.
    TooManyWaiting,
    /// The caller disconnected before there was an answer.
    CallerGone,
    /// The ciphertext does not open, because of a wrong key, wrong associated data or an alteration; deliberately no more detail.
    DoesNotOpen,
    /// Other requests kept changing the same records; try again.
    Contention,
    /// The audit log takes no records, so nothing may be changed.
    AuditLogUnavailable,
    /// The vault failed.
    Vault(VaultError),
    /// Pair generation failed.
    Keygen(KeygenError),
    /// The operating system returned no random bytes.
    Random,
    /// A bug in Claviger; the text says what happened.
    Bug(&'static str),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingParameter(name) => write!(f, "the parameter {name} is missing"),
            Self::InvalidParameter(name) => write!(f, "the parameter {name} has an invalid value"),
            Self::RefusedParameter(name, why) => write!(f, "the parameter {name} has an invalid value: {why}"),
            Self::KeyNotFound => f.write_str("no such key"),
            Self::AliasNotFound => f.write_str("no such alias"),
            Self::KeyVersionNotFound => f.write_str("no such key version"),
            Self::AliasAlreadyExists => f.write_str("the alias already exists"),
            Self::ClientKeyNotFound => f.write_str("no such client key"),
            Self::AccessKeyNotFound => {
                f.write_str("no such access key; `claviger access-key list` shows those that exist")
            }
            Self::AccessKeyLimit => write!(
                f,
                "{ACCESS_KEYS_MAX} access keys exist already, which is the maximum; delete one first: claviger access-key delete ID"
            ),
            Self::LastActiveAccessKey => f.write_str(
                "it is the last active access key, and without it nobody could call the control plane; create or enable another one first",
            ),
            Self::ResourceNotFound => f.write_str("no such resource"),
            Self::ResourceExists => f.write_str("a resource of this name already exists"),
            Self::ResourceInUse => f.write_str("another resource refers to it"),
            Self::LimitExceeded => f.write_str("the maximum number of these resources exists already"),
            Self::NoPermission(name) => write!(f, "no policy grants the use of {name}"),
            Self::KeyVersionExhausted => f.write_str("the key version has made as many encryptions as it may; a new version or key is needed"),
            Self::BasicOperationOnRotatingKey => f.write_str("basic operations on rotating keys are denied here"),
            Self::CallerSuppliedIv => f.write_str("initialization vectors chosen by callers are denied here"),
            Self::State(StateRefusal::Rejected(state)) => write!(f, "the key is {}", state.name()),
            Self::State(StateRefusal::StateModifiedFailed) => f.write_str("the key's state allows no such change"),
            Self::OnlySymmetricKeySupported(key) => write!(f, "the key {key} is not symmetric"),
            Self::Unsupported => f.write_str("the operation is not supported for this key"),
            Self::ConcurrencyLimitExceeded => f.write_str("too many data key pair requests at once"),
            Self::TooManyWaiting => f.write_str("too many requests are waiting"),
            Self::CallerGone => f.write_str("the caller disconnected"),
            Self::DoesNotOpen => f.write_str("the ciphertext does not open"),
            Self::Contention => f.write_str("other requests kept changing the same records; try again"),
            Self::AuditLogUnavailable => f.write_str("the audit log cannot be written, so nothing may be changed"),
            Self::Vault(error) => write!(f, "{error}"),
            Self::Keygen(error) => write!(f, "{error}"),
            Self::Random => write!(f, "{RandomUnavailable}"),
            Self::Bug(place) => write!(f, "a bug in Claviger: {place}; please report it"),
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
