//! Hmac (instance-api 3, 5.9): undocumented; the C# SDK and early SDKs of other languages have it.
//!
//! Debug output hides the message, which is the caller's data.

use super::secret_fields::{no_secret_fields, secret_fields};

/// Asks for the tag of a message.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
#[prost(skip_debug)]
pub struct HmacRequest {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// The message.
    #[prost(bytes = "vec", tag = "2")]
    pub message: Vec<u8>,
}

secret_fields!(HmacRequest { shown: [key_id], secret: [message] });

/// The tag.
#[derive(Clone, PartialEq, Eq, ::prost::Message)]
pub struct HmacResponse {
    /// Key id or alias; in answers always the real key id.
    #[prost(string, tag = "1")]
    pub key_id: String,
    /// The tag, 32 bytes.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
    /// Lower-case UUID.
    #[prost(string, tag = "3")]
    pub request_id: String,
}

no_secret_fields!(HmacResponse);
