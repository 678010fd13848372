//! What the requests of all actions have in common: their documented parameters, and parsing into a struct.
//!
//! A documented parameter that is not supported is refused by name. Otherwise its sender would believe that it has an
//! effect, often a protective one. Values without effect are accepted.

use claviger_base::id::RuleName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RpcError;
use super::parameters::Parameters;

/// The request of one action. Its struct, its parameters and its answer are in the file of its resource.
///
/// ```
/// use claviger_wire::rpc::keys::ScheduleKeyDeletion;
/// use claviger_wire::rpc::{Parameters, Request};
///
/// let parameters = Parameters::decode("KeyId=alias%2Fmain&PendingWindowInDays=7", b"")?;
/// let request = ScheduleKeyDeletion::read(&parameters)?;
/// assert_eq!((request.key_id.as_str(), request.pending_window_in_days), ("alias/main", 7));
/// # Ok::<(), claviger_wire::rpc::RpcError>(())
/// ```
pub trait Request: Sized {
    /// The answer of a successful call.
    type Answer: Serialize + DeserializeOwned;

    /// The parameters in the documentation of the action.
    const PARAMETERS: &'static [Documented];

    /// Parses the request. The server makes the checks that depend on more than the form of a value.
    ///
    /// # Errors
    /// [`RpcError::MissingParameter`], [`RpcError::InvalidParameter`], or the not-found error for an impossible name.
    fn read(parameters: &Parameters) -> Result<Self, RpcError>;
}

/// A documented parameter of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documented {
    /// Supported.
    Served(&'static str),
    /// Not supported: refused unless empty or one of these values, which have no effect.
    NotServed(&'static str, &'static [&'static str]),
}

use Documented::{NotServed, Served};

impl Documented {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Served(name) | NotServed(name, _) => name,
        }
    }
}

/// The reason for refusing a parameter that is not supported.
const NOT_SUPPORTED_YET: &str = "This server does not support it yet. Leave it out.";

pub(super) const KEY_ID: Documented = Served("KeyId");
pub(super) const NAME: Documented = Served("Name");
pub(super) const DESCRIPTION: Documented = Served("Description");
pub(super) const PAGE_NUMBER: Documented = Served("PageNumber");
pub(super) const PAGE_SIZE: Documented = Served("PageSize");

/// Parameters of every action.
pub(super) const COMMON: &[Documented] = &[
    // Every answer is JSON.
    NotServed("Format", &["JSON", "json", "Json"]),
    NotServed("DryRun", &["false", "False", "FALSE"]),
];

/// Refuses documented parameters that are not supported, both those of the action and those common to all actions.
///
/// # Errors
/// [`RpcError::RefusedParameter`].
pub(super) fn check_served(documented: &[Documented], parameters: &Parameters) -> Result<(), RpcError> {
    for documented in documented.iter().chain(COMMON) {
        let NotServed(name, without_effect) = *documented else { continue };
        let value = parameters.optional(name).map(str::trim).filter(|value| !value.is_empty());
        if value.is_some_and(|value| !without_effect.contains(&value)) {
            return Err(RpcError::RefusedParameter { name, why: NOT_SUPPORTED_YET });
        }
    }
    Ok(())
}

/// Declares a request whose only parameter is required. `$read` parses it.
macro_rules! one_parameter {
    ($(#[$doc:meta])* $request:ident { $field:ident: $type:ty = $parameter:literal, $read:expr } -> $answer:ty) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $request {
            #[doc = concat!("`", $parameter, "`.")]
            pub $field: $type,
        }

        impl $crate::rpc::request::Request for $request {
            type Answer = $answer;

            const PARAMETERS: &'static [$crate::rpc::request::Documented] = &[$crate::rpc::request::Documented::Served($parameter)];

            fn read(parameters: &$crate::rpc::parameters::Parameters) -> Result<Self, $crate::rpc::error::RpcError> {
                let read: fn(&str) -> Result<$type, $crate::rpc::error::RpcError> = $read;
                Ok(Self { $field: read(parameters.required($parameter)?)? })
            }
        }
    };
}
pub(super) use one_parameter;

/// A key id, an alias or an ARN; the server distinguishes them.
#[expect(clippy::unnecessary_wraps, reason = "the same signature as the parsers that can fail")]
pub(super) fn text(value: &str) -> Result<String, RpcError> {
    Ok(value.to_owned())
}

/// The name of an existing access point, policy or network rule.
pub(super) fn rule_name(value: &str) -> Result<RuleName, RpcError> {
    RuleName::parse(value).ok_or(RpcError::ResourceNotFound)
}

/// `Name` of a new access point, policy or network rule.
pub(super) fn new_rule_name(parameters: &Parameters) -> Result<RuleName, RpcError> {
    RuleName::parse(parameters.required("Name")?).ok_or_else(|| RpcError::invalid("Name"))
}

/// Names of existing resources, if present.
pub(super) fn rule_names(names: Option<Vec<String>>) -> Result<Option<Vec<RuleName>>, RpcError> {
    names.map(|names| names.iter().map(|name| rule_name(name)).collect()).transpose()
}

/// `Description`; empty is not the same as absent.
pub(super) fn description(parameters: &Parameters) -> Option<String> {
    parameters.value("Description").map(str::to_owned)
}
