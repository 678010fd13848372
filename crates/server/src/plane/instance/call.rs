//! One authenticated call of the Instance API, as its handler sees it.

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
    /// The key version that the header names.
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

    /// The result of `working`, unless the client disconnects first: work that has not begun by then never does.
    pub(super) async fn unless_gone<T>(
        &self,
        working: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, Refusal> {
        let done = tokio::select! {
            biased;
            () = self.disconnect.disconnected() => Err(ServiceError::CallerGone),
            done = working => done,
        };
        Ok(done?)
    }

    /// A number that tells this client from others.
    pub(super) fn client_number(&self) -> u64 {
        let digest = sha256(principal(self.caller).as_bytes());
        digest.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
    }
}
