//! The documented parameters of every action that is served (rpc-api 7, 8, 13), and which of them are not.
//!
//! The rule it keeps: a documented parameter that is not served is refused by name. Its sender believes that it has an
//! effect, and often that it protects something. Values that ask for nothing are taken.

use super::action::Action;
use super::{Parameters, RpcError};

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

/// Said to who sends a parameter that is not served.
const WHY: &str = "This server does not serve it yet. Leave it out.";

const KEY_ID: Documented = Served("KeyId");
const NAME: Documented = Served("Name");
const DESCRIPTION: Documented = Served("Description");
const PAGE_NUMBER: Documented = Served("PageNumber");
const PAGE_SIZE: Documented = Served("PageSize");

/// Documented for every action, or taken for a rehearsal by who sends it.
const COMMON: &[Documented] = &[
    // The answer is JSON whatever was asked.
    NotServed("Format", &["JSON", "json", "Json"]),
    NotServed("DryRun", &["false", "False", "FALSE"]),
];

impl Action {
    /// The parameters that its documentation names.
    #[must_use]
    pub const fn documented(self) -> &'static [Documented] {
        match self {
            Self::CreateKey => &[
                DESCRIPTION,
                Served("KeySpec"),
                Served("KeyUsage"),
                Served("Origin"),
                Served("ProtectionLevel"),
                Served("EnableAutomaticRotation"),
                Served("RotationInterval"),
                Served("DKMSInstanceId"),
                // Even its default says that the key lies inside a hardware module.
                NotServed("KeyStorageMechanism", &[]),
                NotServed("Policy", &[]),
                NotServed("Tags", &["[]"]),
            ],
            // RAM documents these; the access keys here belong to no user of it.
            Self::CreateAccessKey | Self::ListAccessKeys => &[NotServed("UserName", &[])],
            Self::UpdateAccessKey => &[Served("UserAccessKeyId"), Served("Status"), NotServed("UserName", &[])],
            Self::DeleteAccessKey => &[Served("UserAccessKeyId"), NotServed("UserName", &[])],
            Self::DescribeKey
            | Self::EnableKey
            | Self::DisableKey
            | Self::CancelKeyDeletion
            | Self::CreateKeyVersion => &[KEY_ID],
            Self::ScheduleKeyDeletion => &[KEY_ID, Served("PendingWindowInDays")],
            Self::UpdateRotationPolicy => &[KEY_ID, Served("EnableAutomaticRotation"), Served("RotationInterval")],
            Self::DescribeKeyVersion => &[KEY_ID, Served("KeyVersionId")],
            Self::ListKeyVersions => &[KEY_ID, PAGE_NUMBER, PAGE_SIZE],
            Self::ListKeys => &[PAGE_NUMBER, PAGE_SIZE, Served("Filters")],
            Self::CreateAlias => &[KEY_ID, Served("AliasName")],
            Self::DeleteAlias => &[Served("AliasName")],
            Self::ListAliases | Self::ListApplicationAccessPoints | Self::ListPolicies | Self::ListNetworkRules => {
                &[PAGE_NUMBER, PAGE_SIZE]
            }
            Self::CreateClientKey => &[Served("AapName"), Served("Password"), Served("NotBefore"), Served("NotAfter")],
            Self::GetClientKey | Self::DeleteClientKey => &[Served("ClientKeyId")],
            Self::ListClientKeys => &[Served("AapName")],
            Self::CreateApplicationAccessPoint => {
                &[NAME, Served("AuthenticationMethod"), Served("Policies"), DESCRIPTION]
            }
            Self::UpdateApplicationAccessPoint => &[NAME, Served("Policies"), DESCRIPTION],
            Self::CreatePolicy => &[
                NAME,
                Served("KmsInstance"),
                Served("Permissions"),
                Served("Resources"),
                Served("AccessControlRules"),
                DESCRIPTION,
            ],
            Self::UpdatePolicy => {
                &[NAME, Served("Permissions"), Served("Resources"), Served("AccessControlRules"), DESCRIPTION]
            }
            Self::CreateNetworkRule => &[NAME, Served("Type"), Served("SourcePrivateIp"), DESCRIPTION],
            Self::UpdateNetworkRule => &[NAME, Served("SourcePrivateIp"), DESCRIPTION],
            Self::DescribeApplicationAccessPoint
            | Self::DeleteApplicationAccessPoint
            | Self::DescribePolicy
            | Self::DeletePolicy
            | Self::DescribeNetworkRule
            | Self::DeleteNetworkRule => &[NAME],
        }
    }

    /// Refuses parameters that are documented for this action and not served.
    ///
    /// # Errors
    /// [`RpcError::RefusedParameter`].
    pub fn check_served(self, parameters: &Parameters) -> Result<(), RpcError> {
        for documented in self.documented().iter().chain(COMMON) {
            let NotServed(name, asks_nothing) = *documented else { continue };
            let value = parameters.optional(name).map(str::trim).filter(|value| !value.is_empty());
            if value.is_some_and(|value| !asks_nothing.contains(&value)) {
                return Err(RpcError::RefusedParameter { name, why: WHY });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::form;

    /// The documentation's own lists, copied from rpc-api 7.1, 7.2, 8.3, 13.1 and 13.3.
    const LISTS: &str = include_str!("../../tests/documented_parameters.txt");

    fn check(action: Action, name: &str, value: &str) -> Result<(), RpcError> {
        action.check_served(&Parameters::decode(&form::encode([(name, value)]), b"").unwrap())
    }

    #[test]
    fn the_table_has_what_the_documentation_lists_and_nothing_else() {
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
        assert_eq!(seen, Action::ALL.len(), "every action that is served has its line");
    }

    #[test]
    fn what_is_not_served_is_refused_by_name_also_malformed() {
        let mut refused = 0;
        for action in Action::ALL.iter().copied() {
            for documented in action.documented().iter().chain(COMMON) {
                for value in ["{", "[1]", "true", "HsmInternal", "XML", " x "] {
                    let answer = check(action, documented.name(), value);
                    match *documented {
                        Served(_) => assert_eq!(answer, Ok(()), "{} {value}", action.name()),
                        NotServed(name, _) => {
                            assert_eq!(answer, Err(RpcError::RefusedParameter { name, why: WHY }), "{value}");
                            refused += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(refused, 6 * (7 + 2 * Action::ALL.len()));
    }

    #[test]
    fn what_asks_for_nothing_is_taken() {
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
