//! Encrypt, Decrypt and their Advance forms (instance-api 5.1, 5.2).

use super::secret_fields::{no_secret_fields, secret_fields};

/// Asks to encrypt a plaintext.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct EncryptRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Plaintext. Secret.
    #[prost(bytes = "vec", tag = "2")]
    pub plaintext: Vec<u8>,
    /// For example `AES_GCM`.
    #[prost(string, tag = "3")]
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub aad: Vec<u8>,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "5")]
    pub iv: Vec<u8>,
    /// CBC and ECB only.
    #[prost(string, tag = "6")]
    pub padding_mode: String,
}

secret_fields!(EncryptRequest { shown: [key_id, algorithm, aad, iv, padding_mode], secret: [plaintext] });

/// The same message.
pub type AdvanceEncryptRequest = EncryptRequest;

/// The raw blob, and the values that the caller must keep with it.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct EncryptResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// See [`crate::blob`].
    #[prost(bytes = "vec", tag = "2")]
    pub ciphertext_blob: Vec<u8>,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "3")]
    pub iv: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "4")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "5")]
    pub algorithm: String,
    /// CBC and ECB only.
    #[prost(string, tag = "6")]
    pub padding_mode: String,
}

/// The self-describing blob.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct AdvanceEncryptResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// See [`crate::blob`].
    #[prost(bytes = "vec", tag = "2")]
    pub ciphertext_blob: Vec<u8>,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "3")]
    pub iv: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "4")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "5")]
    pub algorithm: String,
    /// CBC and ECB only.
    #[prost(string, tag = "6")]
    pub padding_mode: String,
    /// The key version used, 36 characters.
    #[prost(string, tag = "7")]
    pub key_version_id: String,
}

/// Asks to decrypt a blob.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct DecryptRequest {
    /// See [`crate::blob`].
    #[prost(bytes = "vec", tag = "1")]
    pub ciphertext_blob: Vec<u8>,
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "2")]
    pub key_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "3")]
    pub algorithm: String,
    /// Additional authenticated data, at most 8192 bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub aad: Vec<u8>,
    /// Initialization vector; 12 bytes for GCM.
    #[prost(bytes = "vec", tag = "5")]
    pub iv: Vec<u8>,
    /// CBC and ECB only.
    #[prost(string, tag = "6")]
    pub padding_mode: String,
}

/// The same message.
pub type AdvanceDecryptRequest = DecryptRequest;

/// The plaintext.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct DecryptResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Plaintext. Secret.
    #[prost(bytes = "vec", tag = "2")]
    pub plaintext: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "3")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "4")]
    pub algorithm: String,
    /// CBC and ECB only.
    #[prost(string, tag = "5")]
    pub padding_mode: String,
}

secret_fields!(DecryptResponse { shown: [key_id, request_id, algorithm, padding_mode], secret: [plaintext] });

/// The plaintext, and the version that encrypted it.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct AdvanceDecryptResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// Plaintext. Secret.
    #[prost(bytes = "vec", tag = "2")]
    pub plaintext: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "3")]
    pub request_id: String,
    /// For example `AES_GCM`.
    #[prost(string, tag = "4")]
    pub algorithm: String,
    /// CBC and ECB only.
    #[prost(string, tag = "5")]
    pub padding_mode: String,
    /// The key version used, 36 characters.
    #[prost(string, tag = "6")]
    pub key_version_id: String,
}

secret_fields!(AdvanceDecryptResponse {
    shown: [key_id, request_id, algorithm, padding_mode, key_version_id],
    secret: [plaintext]
});

no_secret_fields!(EncryptResponse, AdvanceEncryptResponse);
