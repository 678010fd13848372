//! What the requests of all actions have in common: documented parameters, and reading them into a struct.
//!
//! The rule it keeps: a documented parameter that is not served is refused by name. Its sender believes that it has an
//! effect, and often that it protects something. Values that ask for nothing are accepted.

use claviger_base::id::RuleName;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RpcError;
use super::parameters::Parameters;

/// The request of one action. Its struct, its parameters and its answer stand side by side in the file of its resource.
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
    /// What a successful call answers.
    type Answer: Serialize + DeserializeOwned;

    /// The parameters that the documentation of the action names.
    const PARAMETERS: &'static [Documented];

    /// Reads the request. Values whose meaning depends on more than their form are left to the server.
    ///
    /// # Errors
    /// [`RpcError::MissingParameter`], [`RpcError::InvalidParameter`], or the error for a name that cannot exist.
    fn read(parameters: &Parameters) -> Result<Self, RpcError>;
}

/// What an action does with a documented parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documented {
    /// It is read.
    Served(&'static str),
    /// It is refused unless it has one of these values, which ask for nothing; empty is always one.
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

/// The reason given for refusing a parameter that is not served.
const NOT_SERVED_YET: &str = "This server does not serve it yet. Leave it out.";

pub(super) const KEY_ID: Documented = Served("KeyId");
pub(super) const NAME: Documented = Served("Name");
pub(super) const DESCRIPTION: Documented = Served("Description");
pub(super) const PAGE_NUMBER: Documented = Served("PageNumber");
pub(super) const PAGE_SIZE: Documented = Served("PageSize");

/// Parameters that any action may receive.
pub(super) const COMMON: &[Documented] = &[
    // The answer is JSON whatever was asked for.
    NotServed("Format", &["JSON", "json", "Json"]),
    NotServed("DryRun", &["false", "False", "FALSE"]),
];

/// Refuses parameters that are documented for an action, or for every action, and not served.
///
/// # Errors
/// [`RpcError::RefusedParameter`].
pub(super) fn check_served(documented: &[Documented], parameters: &Parameters) -> Result<(), RpcError> {
    for documented in documented.iter().chain(COMMON) {
        let NotServed(name, asks_nothing) = *documented else { continue };
        let value = parameters.optional(name).map(str::trim).filter(|value| !value.is_empty());
        if value.is_some_and(|value| !asks_nothing.contains(&value)) {
            return Err(RpcError::RefusedParameter { name, why: NOT_SERVED_YET });
        }
    }
    Ok(())
}

/// Declares a request with one required parameter, and no other. `$read` makes the field from its text.
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

/// A key id, an alias or an ARN: the server finds out which.
#[expect(clippy::unnecessary_wraps, reason = "the same form as the readers that can fail")]
pub(super) fn text(value: &str) -> Result<String, RpcError> {
    Ok(value.to_owned())
}

/// The name of an access point, a policy or a network rule that should exist.
pub(super) fn rule_name(value: &str) -> Result<RuleName, RpcError> {
    RuleName::parse(value).ok_or(RpcError::ResourceNotFound)
}

/// `Name` of an access point, a policy or a network rule that is to be made.
pub(super) fn new_rule_name(parameters: &Parameters) -> Result<RuleName, RpcError> {
    RuleName::parse(parameters.required("Name")?).ok_or_else(|| RpcError::invalid("Name"))
}

/// Names of things that should exist, if given.
pub(super) fn rule_names(names: Option<Vec<String>>) -> Result<Option<Vec<RuleName>>, RpcError> {
    names.map(|names| names.iter().map(|name| rule_name(name)).collect()).transpose()
}

/// `Description`; given and empty is not the same as not given.
pub(super) fn description(parameters: &Parameters) -> Option<String> {
    parameters.value("Description").map(str::to_owned)
}
