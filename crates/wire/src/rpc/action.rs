//! The list of supported actions, and the action that a request names (rpc-api 2.2). Names match exactly.

use super::access_keys::{CreateAccessKey, DeleteAccessKey, ListAccessKeys, UpdateAccessKey};
use super::access_points::{
    CreateApplicationAccessPoint, DeleteApplicationAccessPoint, DescribeApplicationAccessPoint,
    ListApplicationAccessPoints, UpdateApplicationAccessPoint,
};
use super::aliases::{CreateAlias, DeleteAlias, ListAliases};
use super::client_keys::{CreateClientKey, DeleteClientKey, GetClientKey, ListClientKeys};
use super::error::RpcError;
use super::header;
use super::keys::{
    CancelKeyDeletion, CreateKey, DescribeKey, DisableKey, EnableKey, ListKeys, ScheduleKeyDeletion,
    UpdateKeyDescription, UpdateRotationPolicy,
};
use super::network_rules::{
    CreateNetworkRule, DeleteNetworkRule, DescribeNetworkRule, ListNetworkRules, UpdateNetworkRule,
};
use super::parameters::Parameters;
use super::policies::{CreatePolicy, DeletePolicy, DescribePolicy, ListPolicies, UpdatePolicy};
use super::request::{Documented, Request, check_served};
use super::versions::{CreateKeyVersion, DescribeKeyVersion, ListKeyVersions};
use crate::headers::{Headers, Single};

/// Declares the actions. Each has a request type of the same name, which lists the parameters of the action.
macro_rules! actions {
    ($($name:ident),+ $(,)?) => {
        /// An action of the control plane.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the request of that name says what the action does")]
        pub enum Action {
            $($name,)+
        }

        impl Action {
            /// Every supported action.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The value of `Action` and `x-acs-action`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// The parameters in the documentation of the action.
            #[must_use]
            pub const fn documented(self) -> &'static [Documented] {
                match self {
                    $(Self::$name => $name::PARAMETERS,)+
                }
            }

            /// Checks that the parameters form a request for this action.
            ///
            /// # Errors
            /// Those of [`Self::check_served`] and of the request.
            pub fn check(self, parameters: &Parameters) -> Result<(), RpcError> {
                self.check_served(parameters)?;
                match self {
                    $(Self::$name => $name::read(parameters).map(drop),)+
                }
            }
        }
    };
}

// The server maps each of these to its handler (server/src/plane/rpc/actions.rs); it does not compile if one is missing.
actions! {
    CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion,
    UpdateKeyDescription,
    CreateAlias, DeleteAlias, ListAliases,
    CreateKeyVersion, ListKeyVersions, DescribeKeyVersion, UpdateRotationPolicy,
    CreateClientKey, GetClientKey, ListClientKeys, DeleteClientKey,
    CreateApplicationAccessPoint, DescribeApplicationAccessPoint, UpdateApplicationAccessPoint,
    ListApplicationAccessPoints, DeleteApplicationAccessPoint,
    CreatePolicy, DescribePolicy, UpdatePolicy, ListPolicies, DeletePolicy,
    CreateNetworkRule, DescribeNetworkRule, UpdateNetworkRule, ListNetworkRules, DeleteNetworkRule,
    CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey,
}

/// Actions of Alibaba Cloud that this server does not support yet. Their callers get `UnsupportedOperation` instead of
/// `InvalidAction`.
#[rustfmt::skip]
const NOT_SERVED: &[&str] = &[
    "SetDeletionProtection", "UpdateAlias", "ListAliasesByKeyId",
    "GetParametersForImport", "ImportKeyMaterial", "DeleteKeyMaterial",
    "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
    "GenerateAndExportDataKey", "ExportDataKey", "GetManagedDataKey", "ListManagedDataKeyVersions",
    "AsymmetricEncrypt", "AsymmetricDecrypt", "AsymmetricSign", "AsymmetricVerify", "GetPublicKey",
    "GenerateMac", "VerifyMac", "GenerateRandom", "GetChallenge",
    "TagResource", "UntagResource", "ListResourceTags", "TagResources", "UntagResources", "ListTagResources",
    "SetKeyPolicy", "GetKeyPolicy", "ListKeyPolicies", "GetKeyDefaultPolicy",
    "SetSecretPolicy", "GetSecretPolicy", "GetSecretDefaultPolicy",
    "ConnectKmsInstance", "GetKmsInstance", "ListKmsInstances", "UpdateKmsInstanceBindVpc", "ReleaseKmsInstance",
    "GetKmsInstanceQuotaInfos", "GetDefaultKmsInstance", "OpenKmsService", "DescribeAccountKmsStatus", "DescribeRegions",
    "CreateSecret", "GetSecretValue", "BatchGetSecretValue", "PutSecretValue", "ListSecrets", "DescribeSecret",
    "UpdateSecret", "DeleteSecret", "RestoreSecret", "ListSecretVersionIds", "UpdateSecretVersionStage",
    "UpdateSecretRotationPolicy", "RotateSecret", "GetRandomPassword",
];

impl Action {
    /// The action with that exact name.
    ///
    /// ```
    /// use claviger_wire::rpc::{Action, RpcError};
    ///
    /// assert_eq!(Action::parse("ListKeys"), Ok(Action::ListKeys));
    /// assert_eq!(Action::parse("GenerateMac"), Err(RpcError::UnsupportedOperation));
    /// assert_eq!(Action::parse("DropTable"), Err(RpcError::InvalidAction));
    /// ```
    ///
    /// # Errors
    /// [`RpcError::UnsupportedOperation`] for an action of Alibaba Cloud that this server does not support,
    /// [`RpcError::InvalidAction`] for any other name.
    pub fn parse(name: &str) -> Result<Self, RpcError> {
        let not_served = || match NOT_SERVED.contains(&name) {
            true => RpcError::UnsupportedOperation,
            false => RpcError::InvalidAction,
        };
        Self::ALL.iter().copied().find(|action| action.name() == name).ok_or_else(not_served)
    }

    /// The action in the headers of a V3 request. Checks the version first.
    ///
    /// # Errors
    /// [`RpcError::MissingParameter`], [`RpcError::InvalidVersion`], and those of [`Self::parse`].
    pub fn find(headers: &Headers<'_>) -> Result<Self, RpcError> {
        let from_header = |name| match headers.single(name) {
            Single::Once(value) if !value.is_empty() => Some(value),
            _ => None,
        };
        let version = from_header(header::VERSION).ok_or(RpcError::MissingParameter("Version"))?;
        if version != header::API_VERSION_VALUE {
            return Err(RpcError::InvalidVersion);
        }
        Self::parse(from_header(header::ACTION).ok_or(RpcError::MissingParameter("Action"))?)
    }

    /// Refuses documented parameters of this action that are not supported.
    ///
    /// # Errors
    /// [`RpcError::RefusedParameter`].
    pub fn check_served(self, parameters: &Parameters) -> Result<(), RpcError> {
        check_served(self.documented(), parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::super::request::COMMON;
    use super::*;

    fn headers<'a>(pairs: &[(&'a str, &'a str)]) -> Headers<'a> {
        Headers::new(pairs.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    #[test]
    fn names_parse() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.name()), Ok(*action));
            assert!(!NOT_SERVED.contains(&action.name()));
        }
        for name in NOT_SERVED {
            assert_eq!(Action::parse(name), Err(RpcError::UnsupportedOperation));
        }
        for name in ["", "createkey", "CreateKey ", "DropTable"] {
            assert_eq!(Action::parse(name), Err(RpcError::InvalidAction), "{name}");
        }
    }

    #[test]
    fn the_action_is_read_from_the_headers() {
        let signed = headers(&[("x-acs-action", "ListKeys"), ("x-acs-version", "2016-01-20")]);
        assert_eq!(Action::find(&signed), Ok(Action::ListKeys));
        assert_eq!(Action::find(&headers(&[])), Err(RpcError::MissingParameter("Version")));
        let old = headers(&[("x-acs-action", "ListKeys"), ("x-acs-version", "2015-01-01")]);
        assert_eq!(Action::find(&old), Err(RpcError::InvalidVersion));
    }

    /// The lists in the documentation, copied from rpc-api 7.1, 7.2, 8.3, 13.1 and 13.3.
    const LISTS: &str = include_str!("../../tests/documented_parameters.txt");

    fn check(action: Action, name: &str, value: &str) -> Result<(), RpcError> {
        action.check_served(&Parameters::decode(&form::encode([(name, value)]), b"").unwrap())
    }

    #[test]
    fn every_action_has_exactly_the_documented_parameters() {
        let lists = LISTS.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(": ").unwrap());
        let mut seen = 0;
        for (action, listed) in lists {
            let mut listed: Vec<&str> = listed.split(' ').collect();
            let mut table: Vec<&str> =
                Action::parse(action).unwrap().documented().iter().map(|one| one.name()).collect();
            listed.sort_unstable();
            table.sort_unstable();
            assert_eq!(table, listed, "{action}");
            seen += 1;
        }
        assert_eq!(seen, Action::ALL.len(), "every action has a line in documented_parameters.txt");
    }

    #[test]
    fn unsupported_parameters_are_refused_by_name_even_if_malformed() {
        let mut refused = 0;
        for action in Action::ALL.iter().copied() {
            for documented in action.documented().iter().chain(COMMON) {
                for value in ["{", "[1]", "true", "HsmInternal", "XML", " x "] {
                    let answer = check(action, documented.name(), value);
                    match *documented {
                        Documented::Served(_) => assert_eq!(answer, Ok(()), "{} {value}", action.name()),
                        Documented::NotServed(refused_name, _) => {
                            let is_refused =
                                matches!(answer, Err(RpcError::RefusedParameter { name, .. }) if name == refused_name);
                            assert!(is_refused, "{answer:?} {value}");
                            refused += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(refused, 6 * (7 + 2 * Action::ALL.len()));
    }

    #[test]
    fn values_without_effect_are_accepted() {
        for (name, value) in [
            ("Tags", ""),
            ("Tags", "[]"),
            ("Policy", ""),
            ("Format", "JSON"),
            ("DryRun", "false"),
            ("RegionId", "cn-x"),
        ] {
            assert_eq!(check(Action::CreateKey, name, value), Ok(()), "{name}={value}");
        }
    }
}
