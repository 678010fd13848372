//! Encoding and decoding of JSON answers (rpc-api 4.1).
//!
//! Lists are wrapped and always present, even when empty. Every answer has `RequestId` and no `Code`. Text is raw UTF-8,
//! because the old Java SDK does not decode `\uXXXX`. Dates are `yyyy-MM-ddTHH:mm:ssZ`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::RpcError;

/// Encodes a successful answer.
///
/// # Errors
/// [`RpcError::InternalFailure`], which no answer of this crate can cause.
pub fn encode(answer: &impl Serialize) -> Result<Vec<u8>, RpcError> {
    serde_json::to_vec(answer).map_err(|_impossible| RpcError::InternalFailure)
}

/// Decodes a successful answer; `None` if it has another form. Unknown fields are ignored.
#[must_use]
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// A compact JSON array as text, for fields that are JSON inside JSON. Terraform splits these texts at commas.
///
/// # Errors
/// [`RpcError::InternalFailure`], which no list of texts can cause.
pub fn list_as_text(words: &[String]) -> Result<String, RpcError> {
    serde_json::to_string(words).map_err(|_impossible| RpcError::InternalFailure)
}

/// The answer of actions that return no data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Acknowledged {
    /// Lower-case UUID.
    pub request_id: String,
}
