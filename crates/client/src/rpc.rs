//! The control plane: parameters in the query, signed with an access key by scheme V3 (rpc-api 3.2).

use bytes::Bytes;
use claviger_base::Clock;
use claviger_base::id::RequestId;
use claviger_crypto::digest::{Sha256, sha256};
use claviger_crypto::mac::hmac_sha256;
use claviger_wire::headers::Headers;
use claviger_wire::rpc::error::ErrorBody;
use claviger_wire::rpc::{Action, form, header, json, v3};
use serde::de::DeserializeOwned;

use crate::credentials::AccessKey;
use crate::error::ClientError;
use crate::https::Endpoint;

/// Calls the control plane as one access key.
#[derive(Debug)]
pub struct RpcClient {
    endpoint: Endpoint,
    access_key: AccessKey,
    clock: Clock,
}

impl RpcClient {
    /// A client of `endpoint`.
    #[must_use]
    pub fn new(endpoint: Endpoint, access_key: AccessKey) -> Self {
        Self { endpoint, access_key, clock: Clock::default() }
    }

    /// Calls `action` with these parameters. `A` is the answer type of the action, or [`serde_json::Value`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call<A: DeserializeOwned>(
        &self,
        action: Action,
        parameters: &[(&str, String)],
    ) -> Result<A, ClientError> {
        let query = form::encode(parameters.iter().map(|(name, value)| (*name, value.as_str())));
        let headers = self.signed_headers(action, parameters)?;
        let target = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
        let response = self.endpoint.post(&target, &headers, Bytes::new()).await?;
        let unexpected = ClientError::UnexpectedAnswer { status: response.status };
        if response.status == 200 {
            return json::decode(&response.body).ok_or(unexpected);
        }
        let error: ErrorBody = json::decode(&response.body).ok_or(unexpected)?;
        Err(ClientError::Api {
            status: response.status,
            code: error.code,
            message: error.message,
            request_id: error.request_id,
        })
    }

    fn signed_headers(
        &self,
        action: Action,
        parameters: &[(&str, String)],
    ) -> Result<Vec<(&'static str, String)>, ClientError> {
        let nonce = RequestId::generate().map_err(|_unavailable| ClientError::Signing)?;
        let payload_hash = hex::encode(sha256(&[]));
        let mut headers = vec![
            (header::HOST, self.endpoint.authority().to_owned()),
            (header::ACTION, action.name().to_owned()),
            (header::VERSION, header::API_VERSION_VALUE.to_owned()),
            (header::DATE, self.clock.real_now().to_string()),
            (header::SIGNATURE_NONCE, nonce.to_string()),
            (header::CONTENT_SHA256, payload_hash.clone()),
            ("accept", "application/json".to_owned()),
        ];
        let received = Headers::new(headers.iter().map(|(name, value)| (name, value.as_bytes())));
        let signed_headers = v3::signed_headers(&received);
        let mut query: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.sort_unstable();
        let signed = v3::Signed {
            method: "POST",
            headers: &received,
            signed_headers: &signed_headers,
            payload_hash: &payload_hash,
        };
        let mut digest = Sha256::new();
        signed.write_canonical(query, &mut |piece| digest.update(piece));
        let to_sign = v3::string_to_sign(&digest.finish());
        let signature = hmac_sha256(self.access_key.secret.reveal(), to_sign.as_bytes());
        let authorization =
            v3::Authorization { access_key_id: &self.access_key.id, signed_headers: &signed_headers, signature };
        let authorization = authorization.format();
        headers.push((header::AUTHORIZATION, authorization));
        Ok(headers)
    }
}
