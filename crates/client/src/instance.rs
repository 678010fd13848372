//! The data plane: protobuf messages, signed with a client key (instance-api 1.2 to 1.4).

use bytes::Bytes;
use claviger_base::Clock;
use claviger_base::id::KeyVersionId;
use claviger_crypto::digest::sha256;
use claviger_wire::headers::Headers;
use claviger_wire::instance::header::{self, MIGRATION_KEY_VERSION_ID};
use claviger_wire::instance::message::Error;
use claviger_wire::instance::string_to_sign::string_to_sign;
use claviger_wire::instance::{Operation, date};
use prost::Message;

use crate::credentials::ClientKey;
use crate::error::ClientError;
use crate::https::{Endpoint, HttpResponse};

/// Calls a KMS instance as one client key.
#[derive(Debug)]
pub struct InstanceClient {
    endpoint: Endpoint,
    client_key: ClientKey,
    clock: Clock,
}

/// The answer to a call: its message, and the key version that the server used.
#[derive(Debug)]
pub struct Answer<M> {
    /// The message.
    pub message: M,
    /// `x-kms-migrationkeyversionid`.
    pub key_version_id: Option<KeyVersionId>,
}

/// A signed request. The protocol has no nonce, so the request can be sent repeatedly until its date is 15 minutes old
/// (instance-api 1.5).
#[derive(Debug)]
pub struct SignedRequest {
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl InstanceClient {
    /// A client of `endpoint`.
    #[must_use]
    pub fn new(endpoint: Endpoint, client_key: ClientKey) -> Self {
        Self { endpoint, client_key, clock: Clock::default() }
    }

    /// Calls `operation`. `version` is sent as `x-kms-migrationkeyversionid`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call<M: Message + Default>(
        &self,
        operation: Operation,
        request: &impl Message,
        version: Option<&KeyVersionId>,
    ) -> Result<Answer<M>, ClientError> {
        self.send(&self.sign(operation, request, version)?).await
    }

    /// Signs a request without sending it.
    ///
    /// # Errors
    /// [`ClientError::Signing`].
    pub fn sign(
        &self,
        operation: Operation,
        request: &impl Message,
        version: Option<&KeyVersionId>,
    ) -> Result<SignedRequest, ClientError> {
        let body = Bytes::from(request.encode_to_vec());
        Ok(SignedRequest { headers: self.signed_headers(operation, &body, version)?, body })
    }

    /// Sends a request; `M` must be the response message of its operation.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn send<M: Message + Default>(&self, request: &SignedRequest) -> Result<Answer<M>, ClientError> {
        let response = self.endpoint.post("/", &request.headers, request.body.clone()).await?;
        let unexpected = ClientError::UnexpectedAnswer { status: response.status };
        if response.status != 200 {
            return Err(api_error(&response).unwrap_or(unexpected));
        }
        let message = M::decode(response.body.as_ref()).map_err(|_malformed| unexpected)?;
        let version = response.headers.get(MIGRATION_KEY_VERSION_ID).and_then(|value| value.to_str().ok());
        Ok(Answer { message, key_version_id: version.and_then(KeyVersionId::parse) })
    }

    fn signed_headers(
        &self,
        operation: Operation,
        body: &[u8],
        version: Option<&KeyVersionId>,
    ) -> Result<Vec<(&'static str, String)>, ClientError> {
        let mut headers = vec![
            (header::ACCEPT, header::CONTENT_TYPE_VALUE.to_owned()),
            ("host", self.endpoint.authority().to_owned()),
            (header::DATE, date::format(self.clock.real_now())),
            ("user-agent", format!("claviger/{}", env!("CARGO_PKG_VERSION"))),
            (header::API_VERSION, header::API_VERSION_VALUE.to_owned()),
            (header::API_NAME, operation.name().to_owned()),
            (header::SIGNATURE_METHOD, header::SIGNATURE_METHOD_VALUE.to_owned()),
            (header::ACCESS_KEY_ID, self.client_key.id.clone()),
            (header::CONTENT_TYPE, header::CONTENT_TYPE_VALUE.to_owned()),
            (header::CONTENT_SHA256, header::format_content_sha256(&sha256(body))),
        ];
        if let Some(version) = version {
            headers.push((MIGRATION_KEY_VERSION_ID, version.to_string()));
        }
        let to_sign = string_to_sign(&Headers::new(headers.iter().map(|(name, value)| (name, value.as_bytes()))));
        let signing = self.client_key.key.sign_pkcs1_sha256(&to_sign);
        let signature = signing.map_err(|_sign_failed| ClientError::Signing)?;
        headers.push((header::AUTHORIZATION, header::format_authorization(&signature)));
        Ok(headers)
    }
}

fn api_error(response: &HttpResponse) -> Option<ClientError> {
    let error = Error::decode(response.body.as_ref()).ok().filter(|error| !error.error_code.is_empty())?;
    Some(ClientError::Api {
        status: response.status,
        code: error.error_code,
        message: error.error_message,
        request_id: error.request_id,
    })
}
