//! Which action a request asks for, and by which scheme it is signed (rpc-api 2.2). Names match exactly.

use super::{Query, RpcError, form, header};
use crate::headers::{Headers, Single};

/// Declares the actions, so that the list, the names and the parser cannot disagree.
macro_rules! actions {
    ($($name:ident),+ $(,)?) => {
        /// An action of the control plane.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are the API's own, rpc-api 7, 8 and 13; the last four are RAM's")]
        pub enum Action {
            $($name,)+
        }

        impl Action {
            /// Every action that is served.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name as `Action` and `x-acs-action` carry it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

actions! {
    CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion,
    CreateAlias, DeleteAlias, ListAliases,
    CreateKeyVersion, ListKeyVersions, DescribeKeyVersion, UpdateRotationPolicy,
    CreateClientKey, GetClientKey, ListClientKeys, DeleteClientKey,
    CreateApplicationAccessPoint, DescribeApplicationAccessPoint, UpdateApplicationAccessPoint,
    ListApplicationAccessPoints, DeleteApplicationAccessPoint,
    CreatePolicy, DescribePolicy, UpdatePolicy, ListPolicies, DeletePolicy,
    CreateNetworkRule, DescribeNetworkRule, UpdateNetworkRule, ListNetworkRules, DeleteNetworkRule,
    CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey,
}

/// Actions of Alibaba Cloud that are not served yet: their callers are told so, instead of that they mistyped.
#[rustfmt::skip]
const NOT_SERVED: &[&str] = &[
    "UpdateKeyDescription", "SetDeletionProtection", "UpdateAlias", "ListAliasesByKeyId",
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
    /// The action of that exact name.
    ///
    /// # Errors
    /// [`RpcError::UnsupportedOperation`] for one that Alibaba Cloud has and we have not, [`RpcError::InvalidAction`] else.
    pub fn parse(name: &str) -> Result<Self, RpcError> {
        let not_served = || match NOT_SERVED.contains(&name) {
            true => RpcError::UnsupportedOperation,
            false => RpcError::InvalidAction,
        };
        Self::ALL.iter().copied().find(|action| action.name() == name).ok_or_else(not_served)
    }

    /// The action that the headers of a V3 request name, its version checked first.
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
}

/// A signature scheme (rpc-api 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `Signature` among the parameters, HMAC-SHA1.
    V1,
    /// `ACS3-HMAC-SHA256`.
    V3,
    /// `ACS4-HMAC-SHA256`.
    V4,
}

impl Scheme {
    /// The scheme a request is signed by, as far as headers and query tell.
    ///
    /// # Errors
    /// [`RpcError::IncompleteSignature`] for bearer tokens and for another variant of a scheme, [`Self::UNSIGNED`] for a
    /// request that is not signed at all; see [`Self::in_form`].
    pub fn find(headers: &Headers<'_>, query: &Query<'_>) -> Result<Self, RpcError> {
        let authorization = match headers.single(header::AUTHORIZATION) {
            Single::Once(value) => value,
            Single::Absent => "",
            Single::Unusable => return Err(RpcError::IncompleteSignature("Send one Authorization header.")),
        };
        let algorithm = authorization.split(' ').next().unwrap_or_default();
        let is_bearer = || {
            algorithm.eq_ignore_ascii_case("Bearer")
                || headers.values(header::BEARER_TOKEN).next().is_some()
                || query.value("SignatureType").is_some_and(is_bearer_type)
        };
        match algorithm {
            "ACS3-HMAC-SHA256" => Ok(Self::V3),
            "ACS4-HMAC-SHA256" => Ok(Self::V4),
            other if other.starts_with("ACS3-") || other.starts_with("ACS4-") => {
                Err(RpcError::IncompleteSignature("This signature algorithm is not supported. Use ACS3-HMAC-SHA256."))
            }
            _ if query.value("Signature").is_some() => Ok(Self::V1),
            _ if is_bearer() => Err(NO_BEARER),
            _ => Err(Self::UNSIGNED),
        }
    }

    /// The answer to a request that neither headers nor query sign.
    pub const UNSIGNED: RpcError = RpcError::MissingParameter("AccessKeyId");

    /// What to answer to an unsigned request ([`Self::UNSIGNED`]) with this form: scheme V1 may sign there.
    #[must_use]
    pub fn in_form(form: &[u8]) -> RpcError {
        let pairs = match form::decode(form) {
            Ok(pairs) => pairs,
            Err(error) => return error,
        };
        if pairs.iter().any(|(name, _)| name == "Signature") {
            return NO_V1;
        }
        let is_bearer = pairs.iter().any(|(name, value)| name == "SignatureType" && is_bearer_type(value));
        if is_bearer { NO_BEARER } else { Self::UNSIGNED }
    }

    /// Refuses the schemes that are not built yet; theirs will be modules beside [`super::v3`].
    ///
    /// # Errors
    /// [`RpcError::IncompleteSignature`].
    pub const fn require_supported(self) -> Result<(), RpcError> {
        match self {
            Self::V3 => Ok(()),
            Self::V1 => Err(NO_V1),
            Self::V4 => Err(RpcError::IncompleteSignature(
                "Signature scheme V4 (ACS4-HMAC-SHA256) is not supported yet. Use ACS3-HMAC-SHA256.",
            )),
        }
    }
}

const NO_V1: RpcError = RpcError::IncompleteSignature(
    "Signature scheme V1 (HMAC-SHA1 in parameters) is not supported yet. Use ACS3-HMAC-SHA256.",
);
const NO_BEARER: RpcError = RpcError::IncompleteSignature("Bearer tokens are not supported.");

fn is_bearer_type(value: &str) -> bool {
    value.eq_ignore_ascii_case("BEARERTOKEN")
}

/// Checks method and path: GET or POST of `/` (rpc-api 2.1).
///
/// # Errors
/// [`RpcError::InvalidAction`] for another path, [`RpcError::UnsupportedHttpMethod`].
pub fn check_line(method: &str, path: &str) -> Result<(), RpcError> {
    match (method, path) {
        ("GET" | "POST", "/") => Ok(()),
        (_, "/") => Err(RpcError::UnsupportedHttpMethod),
        _ => Err(RpcError::InvalidAction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers<'a>(pairs: &[(&'a str, &'a str)]) -> Headers<'a> {
        Headers::new(pairs.iter().map(|(name, value)| (*name, value.as_bytes())))
    }

    fn query(text: &str) -> Query<'_> {
        Query::decode(text).unwrap()
    }

    #[test]
    fn names() {
        assert_eq!(Action::ALL.len(), 37);
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
    fn schemes_are_told_apart() {
        let find = |authorization, text| Scheme::find(&headers(&[("authorization", authorization)]), &query(text));
        assert_eq!(find("ACS3-HMAC-SHA256 Credential=a", "Signature=x"), Ok(Scheme::V3));
        assert_eq!(find("ACS4-HMAC-SHA256 Credential=a", ""), Ok(Scheme::V4));
        assert_eq!(find("", "Signature=x"), Ok(Scheme::V1));
        assert!(matches!(find("ACS3-HMAC-SM3 Credential=a", ""), Err(RpcError::IncompleteSignature(_))));
        assert!(matches!(find("Bearer x", ""), Err(RpcError::IncompleteSignature(_))));
        assert!(matches!(find("", "SignatureType=BEARERTOKEN"), Err(RpcError::IncompleteSignature(_))));
        assert_eq!(find("", "SignatureType=&AccessKeyId=a"), Err(RpcError::MissingParameter("AccessKeyId")));
        let twice = headers(&[("authorization", "ACS3-HMAC-SHA256 a"), ("Authorization", "ACS3-HMAC-SHA256 b")]);
        assert!(Scheme::find(&twice, &query("")).is_err());
    }

    #[test]
    fn a_scheme_may_stand_in_the_form() {
        assert_eq!(Scheme::in_form(b"Action=ListKeys"), Scheme::UNSIGNED);
        assert_eq!(Scheme::in_form(b""), Scheme::UNSIGNED);
        assert_eq!(Scheme::in_form(b"Action=ListKeys&Signature=x"), NO_V1);
        assert_eq!(Scheme::in_form(b"SignatureType=bearertoken"), NO_BEARER);
        assert_eq!(Scheme::in_form(b"a=%"), RpcError::ParseRequestParameterException);
    }

    #[test]
    fn only_v3_is_built() {
        assert_eq!(Scheme::V3.require_supported(), Ok(()));
        assert!(Scheme::V1.require_supported().is_err());
        assert!(Scheme::V4.require_supported().is_err());
    }

    #[test]
    fn the_action_is_read_from_the_headers() {
        let signed = headers(&[("x-acs-action", "ListKeys"), ("x-acs-version", "2016-01-20")]);
        assert_eq!(Action::find(&signed), Ok(Action::ListKeys));
        assert_eq!(Action::find(&headers(&[])), Err(RpcError::MissingParameter("Version")));
        let old = headers(&[("x-acs-action", "ListKeys"), ("x-acs-version", "2015-01-01")]);
        assert_eq!(Action::find(&old), Err(RpcError::InvalidVersion));
    }

    #[test]
    fn lines() {
        assert_eq!(check_line("POST", "/"), Ok(()));
        assert_eq!(check_line("GET", "/"), Ok(()));
        assert_eq!(check_line("PUT", "/"), Err(RpcError::UnsupportedHttpMethod));
        assert_eq!(check_line("POST", "/x"), Err(RpcError::InvalidAction));
    }
}
