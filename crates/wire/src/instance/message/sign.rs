//! Sign, Verify, GetPublicKey (instance-api 5.5, 5.6).
//!
//! Debug output hides the message, which is the caller's data.

use super::secret_fields::{no_secret_fields, secret_fields};

/// Asks to sign a message or its digest.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct SignRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Legacy: a digest, when `message` is empty.
    #[prost(bytes = "vec", tag = "2")]
    pub digest: Vec<u8>,
    /// For example `RSA_PSS_SHA_256`.
    #[prost(string, tag = "3")]
    pub algorithm: String,
    /// What is signed: the message (`RAW`) or its digest (`DIGEST`).
    #[prost(bytes = "vec", tag = "4")]
    pub message: Vec<u8>,
    /// `RAW` (default) or `DIGEST`.
    #[prost(string, tag = "5")]
    pub message_type: String,
}

secret_fields!(SignRequest { shown: [key_id, algorithm, message_type], secret: [digest, message] });

/// The signature.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct SignResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// The signature.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "3")]
    pub request_id: String,
    /// For example `RSA_PSS_SHA_256`.
    #[prost(string, tag = "4")]
    pub algorithm: String,
    /// `RAW` (default) or `DIGEST`.
    #[prost(string, tag = "5")]
    pub message_type: String,
}

/// Asks to verify a signature.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct VerifyRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Legacy: a digest, when `message` is empty.
    #[prost(bytes = "vec", tag = "2")]
    pub digest: Vec<u8>,
    /// The signature.
    #[prost(bytes = "vec", tag = "3")]
    pub signature: Vec<u8>,
    /// For example `RSA_PSS_SHA_256`.
    #[prost(string, tag = "4")]
    pub algorithm: String,
    /// What is signed: the message (`RAW`) or its digest (`DIGEST`).
    #[prost(bytes = "vec", tag = "5")]
    pub message: Vec<u8>,
    /// `RAW` (default) or `DIGEST`.
    #[prost(string, tag = "6")]
    pub message_type: String,
}

secret_fields!(VerifyRequest { shown: [key_id, signature, algorithm, message_type], secret: [digest, message] });

/// The result of a verification. An invalid signature is a result, not an error.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct VerifyResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Whether the signature is valid.
    #[prost(bool, tag = "2")]
    pub value: bool,
    /// Lower-case UUID.
    #[prost(string, tag = "3")]
    pub request_id: String,
    /// For example `RSA_PSS_SHA_256`.
    #[prost(string, tag = "4")]
    pub algorithm: String,
    /// `RAW` (default) or `DIGEST`.
    #[prost(string, tag = "5")]
    pub message_type: String,
}

/// Asks for the public key of an asymmetric key.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GetPublicKeyRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
}

/// The public key.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GetPublicKeyResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// SubjectPublicKeyInfo as PEM text.
    #[prost(string, tag = "2")]
    pub public_key: String,
    /// Lower-case UUID.
    #[prost(string, tag = "3")]
    pub request_id: String,
}

no_secret_fields!(SignResponse, VerifyResponse, GetPublicKeyResponse);
