//! The context that a handler of the Instance API receives: one authenticated call.

use claviger_base::id::KeyVersionId;
use claviger_crypto::digest::sha256;
use claviger_service::{Caller, KeyRef, Rights, Service, ServiceError};

use super::errors::Refusal;
use crate::disconnect::DisconnectWatch;
use crate::plane::context::principal;

/// One authenticated call.
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) caller: &'a Caller,
    pub(super) rights: &'a Rights,
    /// The key version in the header.
    pub(super) version_header: Option<&'a KeyVersionId>,
    /// For the answer.
    pub(super) request_id: &'a str,
    pub(super) disconnect: &'a DisconnectWatch,
}

impl Call<'_> {
    /// The key that a request names by id, alias or ARN.
    pub(super) fn key(&self, named: &str) -> Result<KeyRef, Refusal> {
        Ok(self.service.key_ref(named)?)
    }

    /// The result of `operation`, unless the client disconnects first. An operation that has not started by then never does.
    pub(super) async fn unless_disconnected<T>(
        &self,
        operation: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, Refusal> {
        let done = tokio::select! {
            biased;
            () = self.disconnect.disconnected() => Err(ServiceError::CallerGone),
            done = operation => done,
        };
        Ok(done?)
    }

    /// A number that distinguishes this client from others.
    pub(super) fn client_number(&self) -> u64 {
        let digest = sha256(principal(self.caller).as_bytes());
        digest.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
    }
}
