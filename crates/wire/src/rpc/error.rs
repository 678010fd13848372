//! Every error of the RPC plane: HTTP status, code, text (rpc-api 4.3, 4.4), and the merged JSON body (rpc-api 4.2).
//!
//! Terraform searches texts for `NotFound` and `Throttling`, so no other text may contain these words.

use std::fmt;

use claviger_base::id::RequestId;
use serde::Deserialize;

/// An error as the client receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpcError {
    /// 400: the named parameter is absent or empty.
    MissingParameter(&'static str),
    /// 400: the named parameter is malformed or out of range.
    InvalidParameter(String),
    /// 400: the named parameter is refused for a reason that needs an explanation.
    RefusedParameter {
        /// The parameter.
        name: &'static str,
        /// Why, and what to do instead, as a sentence.
        why: &'static str,
    },
    /// 400: the query or the form cannot be decoded.
    ParseRequestParameterException,
    /// 400: the date of signing is missing.
    IllegalTimestamp,
    /// 400: the date of signing is not in the form `yyyy-MM-ddTHH:mm:ssZ` (code: POP convention, inferred).
    TimestampFormat,
    /// 400: the date of signing is more than 15 minutes away from now (code: POP convention, inferred).
    TimestampExpired,
    /// 400: the nonce was used before (code inferred).
    SignatureNonceUsed,
    /// 400: the signature is incomplete or of an unsupported kind. The value says what is wrong and is safe to send.
    IncompleteSignature(&'static str),
    /// 400: the signature does not verify. The values are what the server computed; clients compare them with their own.
    SignatureDoesNotMatch {
        /// `ACS3-HMAC-SHA256\n<hash>`: holds a digest, never a parameter's value.
        string_to_sign: String,
        /// The text that was hashed, with secrets replaced and limited in length.
        canonical_request: String,
    },
    /// 400: a version other than 2016-01-20.
    InvalidVersion,
    /// 400: a quota is reached.
    LimitExceeded,
    /// 400: Alibaba Cloud has the action, this server does not.
    UnsupportedOperation,
    /// 400: the key's type, usage, origin or protection does not allow the call.
    RejectedUnsupportedOperation,
    /// 400: the protection level is not available here.
    UnsupportedProtectionLevel,
    /// 400: the alias already exists.
    AliasAlreadyExists,
    /// 403: no policy permits it. The value is the ARN, if there is one.
    NoPermission(Option<String>),
    /// 403: a method other than GET and POST.
    UnsupportedHttpMethod,
    /// 403: the instance does not exist.
    InstanceNotFound,
    /// 404: the caller's access key does not exist, or its token is not valid.
    UnknownAccessKey,
    /// 404: the caller's access key is disabled (no entry in rpc-api 4.3: the gateway's code, status inferred).
    InactiveAccessKey,
    /// 404: the access key to update or delete does not exist (RAM's code).
    AccessKeyNotFound,
    /// 409: the limit of access keys is reached (RAM's code).
    AccessKeyLimit,
    /// 409: the last active access key cannot be disabled or deleted. Ours.
    LastActiveAccessKey,
    /// 404: the action does not exist, or the path is not `/`.
    InvalidAction,
    /// 404: the client key, application access point, policy or network rule does not exist.
    ResourceNotFound,
    /// 404.
    KeyNotFound,
    /// 404.
    KeyVersionNotFound,
    /// 404.
    AliasNotFound,
    /// 409: the key is disabled.
    Disabled,
    /// 409: the key awaits deletion.
    PendingDeletion,
    /// 409: the key awaits its material.
    PendingImport,
    /// 409: a resource with this name exists.
    ResourceExist,
    /// 409: another resource depends on it (code inferred, rpc-api 13.1).
    ResourceInUse,
    /// 409: the key's state does not allow this change of state.
    StateModifiedFailed,
    /// 413: the body is larger than 3 MB. Ours.
    RequestEntityTooLarge,
    /// 431: too many headers, or too long ones. Ours.
    RequestHeaderFieldsTooLarge,
    /// 429.
    Throttling,
    /// 500.
    InternalFailure,
    /// 503.
    ServiceUnavailableTemporary,
}

impl RpcError {
    /// [`Self::InvalidParameter`] with that name.
    #[must_use]
    pub fn invalid(name: &str) -> Self {
        Self::InvalidParameter(name.to_owned())
    }

    /// The HTTP status and the `Code` field.
    #[must_use]
    pub const fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            Self::MissingParameter(_) => (400, "MissingParameter"),
            Self::InvalidParameter(_) | Self::RefusedParameter { .. } => (400, "InvalidParameter"),
            Self::ParseRequestParameterException => (400, "ParseRequestParameterException"),
            Self::IllegalTimestamp => (400, "IllegalTimestamp"),
            Self::TimestampFormat => (400, "InvalidTimeStamp.Format"),
            Self::TimestampExpired => (400, "InvalidTimeStamp.Expired"),
            Self::SignatureNonceUsed => (400, "SignatureNonceUsed"),
            Self::IncompleteSignature(_) => (400, "IncompleteSignature"),
            Self::SignatureDoesNotMatch { .. } => (400, "SignatureDoesNotMatch"),
            Self::InvalidVersion => (400, "InvalidVersion"),
            Self::LimitExceeded => (400, "Rejected.LimitExceeded"),
            Self::UnsupportedOperation => (400, "UnsupportedOperation"),
            Self::RejectedUnsupportedOperation => (400, "Rejected.UnsupportedOperation"),
            Self::UnsupportedProtectionLevel => (400, "Unsupported.ProtectionLevel"),
            Self::AliasAlreadyExists => (400, "AliasAlreadyExists"),
            Self::NoPermission(_) => (403, "Forbidden.NoPermission"),
            Self::UnsupportedHttpMethod => (403, "UnsupportedHTTPMethod"),
            Self::InstanceNotFound => (403, "Forbidden.DKMSInstanceNotFound"),
            Self::UnknownAccessKey => (404, "InvalidAccessKeyId.NotFound"),
            Self::InactiveAccessKey => (404, "InvalidAccessKeyId.Inactive"),
            Self::AccessKeyNotFound => (404, "EntityNotExist.User.AccessKey"),
            Self::AccessKeyLimit => (409, "LimitExceeded.User.AccessKey"),
            Self::LastActiveAccessKey => (409, "DeleteConflict.LastActiveAccessKey"),
            Self::InvalidAction => (404, "InvalidAction.NotFound"),
            Self::ResourceNotFound => (404, "Forbidden.ResourceNotFound"),
            Self::KeyNotFound => (404, "Forbidden.KeyNotFound"),
            Self::KeyVersionNotFound => (404, "Forbidden.KeyVersionNotFound"),
            Self::AliasNotFound => (404, "Forbidden.AliasNotFound"),
            Self::Disabled => (409, "Rejected.Disabled"),
            Self::PendingDeletion => (409, "Rejected.PendingDeletion"),
            Self::PendingImport => (409, "Rejected.PendingImport"),
            Self::ResourceExist => (409, "Rejected.ResourceExist"),
            Self::ResourceInUse => (409, "Rejected.ResourceInUse"),
            Self::StateModifiedFailed => (409, "Rejected.StateModifiedFailed"),
            Self::RequestEntityTooLarge => (413, "RequestEntityTooLarge"),
            Self::RequestHeaderFieldsTooLarge => (431, "RequestHeaderFieldsTooLarge"),
            Self::Throttling => (429, "Rejected.Throttling"),
            Self::InternalFailure => (500, "InternalFailure"),
            Self::ServiceUnavailableTemporary => (503, "ServiceUnavailableTemporary"),
        }
    }

    /// The JSON body to send with that status. `host_id` is the host that the client called.
    #[must_use]
    pub fn encode(&self, request_id: &RequestId, host_id: &str) -> String {
        let (status, code) = self.status_and_code();
        serde_json::json!({
            "HttpStatus": status,
            "Code": code,
            "Message": self.to_string(),
            "RequestId": request_id.as_str(),
            "HostId": host_id,
            "Recommend": "",
        })
        .to_string()
    }
}

/// The `Message` field, as rpc-api 4.3 lists it, including the full stops.
impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Self::MissingParameter(name) => return write!(f, "The parameter {name} is needed but not provided."),
            Self::InvalidParameter(name) => return write!(f, "The specified parameter {name} is not valid."),
            Self::RefusedParameter { name, why } => {
                return write!(f, "The specified parameter {name} is not valid. ({why})");
            }
            Self::IncompleteSignature(reason) => {
                return write!(f, "The request signature does not conform to Aliyun standards. {reason}");
            }
            Self::SignatureDoesNotMatch { string_to_sign, canonical_request } => {
                let start = "Specified signature does not match our calculation. server StringToSign is";
                return write!(f, "{start} [{string_to_sign}] server CanonicalRequest is [{canonical_request}]");
            }
            Self::NoPermission(Some(arn)) => {
                return write!(f, "This operation for {arn} is forbidden by permission system.");
            }
            Self::NoPermission(None) => "This operation is forbidden by permission system.",
            Self::ParseRequestParameterException => "The request parameters cannot be parsed.",
            Self::IllegalTimestamp => {
                "The input parameter \"Timestamp\" that is mandatory for processing this request is not supplied."
            }
            Self::TimestampFormat => "Specified time stamp or date value is not well formatted.",
            Self::TimestampExpired => "Specified time stamp or date value is expired.",
            Self::SignatureNonceUsed => "Specified signature nonce was used already.",
            Self::InvalidVersion => "Specified parameter Version is not valid.",
            Self::LimitExceeded => "The request was rejected because a quota is reached.",
            Self::UnsupportedOperation => "This action is not supported.",
            Self::RejectedUnsupportedOperation => "Unsupported operation.",
            Self::UnsupportedProtectionLevel => "The specified protection level is not available.",
            Self::AliasAlreadyExists => "AliasName Already Exists.",
            Self::UnsupportedHttpMethod => "Only GET and POST are supported.",
            Self::InstanceNotFound => "The specified KMS instance is not found.",
            Self::UnknownAccessKey => "The Access Key ID provided does not exist in our records.",
            Self::InactiveAccessKey => "Specified access key is disabled.",
            Self::AccessKeyNotFound => "The specified access key does not exist.",
            Self::AccessKeyLimit => "Two access keys exist already. Delete one before you create another.",
            Self::LastActiveAccessKey => {
                "This is the last active access key; without it nobody could call the control plane. Create or enable another one first."
            }
            Self::InvalidAction => "Specified api is not found, please check your url and method.",
            Self::ResourceNotFound => "Resource not found",
            Self::KeyNotFound => "The specified Key is not found.",
            Self::KeyVersionNotFound => "The specified KeyVersion is not found.",
            Self::AliasNotFound => "The specified Alias is not found.",
            Self::Disabled => "The request was rejected because the key state is Disabled.",
            Self::PendingDeletion => "The request was rejected because the key state is PendingDeletion.",
            Self::PendingImport => "The request was rejected because the key state is PendingImport.",
            Self::ResourceExist => "The request was rejected because the resource already exists.",
            Self::ResourceInUse => "The request was rejected because the resource is in use.",
            Self::StateModifiedFailed => "Keystate modified failed.",
            Self::RequestEntityTooLarge => "Request entity exceeds 3145728 bytes.",
            Self::RequestHeaderFieldsTooLarge => "Request headers exceed 100 fields or 65536 bytes.",
            Self::Throttling => "QPS Limit Exceeded",
            Self::InternalFailure => "Internal Failure.",
            Self::ServiceUnavailableTemporary => "Service Unavailable Temporary.",
        };
        f.write_str(fixed)
    }
}

impl std::error::Error for RpcError {}

/// The error body as a client reads it. Other servers may leave out everything but the code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorBody {
    /// The code that clients branch on.
    pub code: String,
    /// For the user.
    #[serde(default)]
    pub message: String,
    /// For the operator's log.
    #[serde(default)]
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_merged_body() {
        let id = RequestId::parse("e1d5f6a0-0000-4000-8000-000000000001").unwrap();
        let body = RpcError::KeyNotFound.encode(&id, "kms.local:8443");
        let expected = "{\"HttpStatus\":404,\"Code\":\"Forbidden.KeyNotFound\",\"Message\":\"The specified Key is not found.\",\
            \"RequestId\":\"e1d5f6a0-0000-4000-8000-000000000001\",\"HostId\":\"kms.local:8443\",\"Recommend\":\"\"}";
        assert_eq!(body, expected);
        let read: ErrorBody = serde_json::from_str(&body).unwrap();
        assert_eq!(read.code, "Forbidden.KeyNotFound");
    }

    #[test]
    fn the_texts_contain_their_values() {
        assert_eq!(RpcError::MissingParameter("KeyId").to_string(), "The parameter KeyId is needed but not provided.");
        assert_eq!(RpcError::invalid("KeyId").to_string(), "The specified parameter KeyId is not valid.");
        let refused = RpcError::RefusedParameter { name: "Tags", why: "Not served." };
        assert_eq!(refused.status_and_code(), (400, "InvalidParameter"));
        assert_eq!(refused.to_string(), "The specified parameter Tags is not valid. (Not served.)");
        let mismatch = RpcError::SignatureDoesNotMatch {
            string_to_sign: "ACS3-HMAC-SHA256\nabc".into(),
            canonical_request: "GET\n/\n".into(),
        };
        let text = "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\nabc] \
            server CanonicalRequest is [GET\n/\n]";
        assert_eq!(mismatch.to_string(), text);
    }
}
