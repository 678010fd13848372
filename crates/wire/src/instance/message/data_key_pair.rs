//! The four data key pair operations (instance-api 5.4).
//!
//! The version id is field 9 in responses with the plaintext private key, field 8 in the others.

use super::secret_fields::{no_secret_fields, secret_fields};

/// Asks for a data key pair under the initial version.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GenerateDataKeyPairRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "2")]
    pub algorithm: String,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_P256` or `EC_P256K`.
    #[prost(string, tag = "3")]
    pub key_pair_spec: String,
    /// `PEM` or `DER`.
    #[prost(string, tag = "4")]
    pub key_format: String,
    /// Additional authenticated data, at most 8192 bytes.
    #[prost(bytes = "vec", tag = "5")]
    pub aad: Vec<u8>,
}

/// The same message.
pub type GenerateDataKeyPairWithoutPlaintextRequest = GenerateDataKeyPairRequest;

/// A data key pair: public key, private key, encrypted private key.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GenerateDataKeyPairResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "2")]
    pub iv: Vec<u8>,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_P256` or `EC_P256K`.
    #[prost(string, tag = "3")]
    pub key_pair_spec: String,
    /// PKCS#8 in the requested format. Secret.
    #[prost(bytes = "vec", tag = "4")]
    pub private_key_plaintext: Vec<u8>,
    /// The encrypted private key, see [`crate::blob`].
    #[prost(bytes = "vec", tag = "5")]
    pub private_key_ciphertext_blob: Vec<u8>,
    /// SubjectPublicKeyInfo.
    #[prost(bytes = "vec", tag = "6")]
    pub public_key: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "7")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "8")]
    pub algorithm: String,
}

secret_fields!(GenerateDataKeyPairResponse {
    shown: [key_id, iv, key_pair_spec, private_key_ciphertext_blob, public_key, request_id, algorithm],
    secret: [private_key_plaintext]
});

/// A data key pair: public key, encrypted private key.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GenerateDataKeyPairWithoutPlaintextResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "2")]
    pub iv: Vec<u8>,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_P256` or `EC_P256K`.
    #[prost(string, tag = "3")]
    pub key_pair_spec: String,
    /// The encrypted private key, see [`crate::blob`].
    #[prost(bytes = "vec", tag = "4")]
    pub private_key_ciphertext_blob: Vec<u8>,
    /// SubjectPublicKeyInfo.
    #[prost(bytes = "vec", tag = "5")]
    pub public_key: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "6")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "7")]
    pub algorithm: String,
}

/// Asks for a data key pair under the primary version.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct AdvanceGenerateDataKeyPairRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_P256` or `EC_P256K`.
    #[prost(string, tag = "2")]
    pub key_pair_spec: String,
    /// `PEM` or `DER`.
    #[prost(string, tag = "3")]
    pub key_format: String,
    /// Additional authenticated data, at most 8192 bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub aad: Vec<u8>,
}

/// The same message.
pub type AdvanceGenerateDataKeyPairWithoutPlaintextRequest = AdvanceGenerateDataKeyPairRequest;

/// A data key pair: public key, private key, encrypted private key.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct AdvanceGenerateDataKeyPairResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "2")]
    pub iv: Vec<u8>,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_P256` or `EC_P256K`.
    #[prost(string, tag = "3")]
    pub key_pair_spec: String,
    /// PKCS#8 in the requested format. Secret.
    #[prost(bytes = "vec", tag = "4")]
    pub private_key_plaintext: Vec<u8>,
    /// The encrypted private key, see [`crate::blob`].
    #[prost(bytes = "vec", tag = "5")]
    pub private_key_ciphertext_blob: Vec<u8>,
    /// SubjectPublicKeyInfo.
    #[prost(bytes = "vec", tag = "6")]
    pub public_key: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "7")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "8")]
    pub algorithm: String,
    /// The key version used, 36 characters.
    #[prost(string, tag = "9")]
    pub key_version_id: String,
}

secret_fields!(AdvanceGenerateDataKeyPairResponse {
    shown: [key_id, iv, key_pair_spec, private_key_ciphertext_blob, public_key, request_id, algorithm, key_version_id],
    secret: [private_key_plaintext]
});

/// A data key pair: public key, encrypted private key.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct AdvanceGenerateDataKeyPairWithoutPlaintextResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "2")]
    pub iv: Vec<u8>,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_P256` or `EC_P256K`.
    #[prost(string, tag = "3")]
    pub key_pair_spec: String,
    /// The encrypted private key, see [`crate::blob`].
    #[prost(bytes = "vec", tag = "4")]
    pub private_key_ciphertext_blob: Vec<u8>,
    /// SubjectPublicKeyInfo.
    #[prost(bytes = "vec", tag = "5")]
    pub public_key: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "6")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "7")]
    pub algorithm: String,
    /// The key version used, 36 characters.
    #[prost(string, tag = "8")]
    pub key_version_id: String,
}

no_secret_fields!(GenerateDataKeyPairWithoutPlaintextResponse, AdvanceGenerateDataKeyPairWithoutPlaintextResponse);
