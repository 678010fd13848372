//! GenerateDataKey, AdvanceGenerateDataKey, GenerateRandom (instance-api 5.3, 5.8).

use super::secret_fields::secret_fields;

/// Asks for a data key under the initial version.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GenerateDataKeyRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "2")]
    pub algorithm: String,
    /// 1 to 1024.
    #[prost(int32, tag = "3")]
    pub number_of_bytes: i32,
    /// Additional authenticated data, at most 8192 bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub aad: Vec<u8>,
}

/// A data key in plaintext and encrypted.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GenerateDataKeyResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "2")]
    pub iv: Vec<u8>,
    /// Plaintext. Secret.
    #[prost(bytes = "vec", tag = "3")]
    pub plaintext: Vec<u8>,
    /// See [`crate::blob`].
    #[prost(bytes = "vec", tag = "4")]
    pub ciphertext_blob: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "5")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "6")]
    pub algorithm: String,
}

secret_fields!(GenerateDataKeyResponse {
    shown: [key_id, iv, ciphertext_blob, request_id, algorithm],
    secret: [plaintext]
});

/// Asks for a data key under the primary version.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct AdvanceGenerateDataKeyRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// 1 to 1024.
    #[prost(int32, tag = "2")]
    pub number_of_bytes: i32,
    /// Additional authenticated data, at most 8192 bytes.
    #[prost(bytes = "vec", tag = "3")]
    pub aad: Vec<u8>,
}

/// A data key in plaintext and encrypted.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct AdvanceGenerateDataKeyResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "2")]
    pub iv: Vec<u8>,
    /// Plaintext. Secret.
    #[prost(bytes = "vec", tag = "3")]
    pub plaintext: Vec<u8>,
    /// See [`crate::blob`].
    #[prost(bytes = "vec", tag = "4")]
    pub ciphertext_blob: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "5")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "6")]
    pub algorithm: String,
    /// The key version used, 36 characters.
    #[prost(string, tag = "7")]
    pub key_version_id: String,
}

secret_fields!(AdvanceGenerateDataKeyResponse {
    shown: [key_id, iv, ciphertext_blob, request_id, algorithm, key_version_id],
    secret: [plaintext]
});

/// Asks for random bytes.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct GenerateRandomRequest {
    /// 1 to 64.
    #[prost(int32, tag = "1")]
    pub length: i32,
}

/// Random bytes.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct GenerateRandomResponse {
    /// Random bytes. Secret.
    #[prost(bytes = "vec", tag = "1")]
    pub random: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "2")]
    pub request_id: String,
}

secret_fields!(GenerateRandomResponse { shown: [request_id], secret: [random] });
