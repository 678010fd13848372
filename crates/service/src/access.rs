//! Authentication: client keys of the Instance API with their rights, access keys of the control plane, and used nonces.

mod nonce;
mod rights;

use std::net::IpAddr;
use std::sync::Arc;

use claviger_base::id::{AccessKeyId, ClientKeyId, RuleName};
use claviger_base::{Clock, Timestamp};
use claviger_model::{AccessKey, ClientKey};

use crate::caches::Caches;
use crate::caches::client_key::ClientKeyStatus;
use crate::error::ServiceError;

pub use nonce::NonceLedger;
pub use rights::Rights;

/// A caller whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A client key, on the Instance API.
    ClientKey(ClientKeyId),
    /// An access key, on the control plane.
    AccessKey(AccessKeyId),
}

/// Why a caller was refused.
#[derive(Debug)]
pub enum AccessRefusal {
    /// No client key has this id, or the key was revoked and did not make the signature.
    ClientKeyUnknown,
    /// The signature is valid, but the client key must not be used.
    ClientKeyNotValid(Invalidity),
    /// The signature is not valid for this client key and these bytes.
    SignatureNotMatch,
    /// No policy of the client key admits the source address of the request.
    SourceNotAdmitted,
    /// The caller could not be looked up.
    Failed(ServiceError),
}

/// Why a client key must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalidity {
    /// It expired at this time.
    Expired(Timestamp),
    /// It becomes valid at this time.
    NotYetValid(Timestamp),
    /// It was revoked at this time.
    Revoked(Timestamp),
}

impl From<ServiceError> for AccessRefusal {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

/// Authenticates the callers of one instance.
#[derive(Debug)]
pub struct Access {
    caches: Arc<Caches>,
    clock: Clock,
    nonces: NonceLedger,
}

impl Access {
    pub(crate) fn new(caches: Arc<Caches>, clock: Clock) -> Self {
        Self { caches, clock, nonces: NonceLedger::default() }
    }

    /// Verifies the client key's `signature` over `string_to_sign` (RSASSA-PKCS1-v1_5 with SHA-256, instance-api 1.4), then
    /// that the key is valid now and admitted from `source`, in the order of instance-api 2. Only a caller who can sign
    /// learns why a key is not valid, and that a revoked key existed.
    ///
    /// # Errors
    /// [`AccessRefusal`].
    pub async fn verify_client_key(
        &self,
        id: &str,
        string_to_sign: &[u8],
        signature: &[u8],
        source: IpAddr,
    ) -> Result<(Caller, Rights), AccessRefusal> {
        let id = ClientKeyId::parse(id).ok_or(AccessRefusal::ClientKeyUnknown)?;
        let client_key = self.caches.client_key(&id).await?.ok_or(AccessRefusal::ClientKeyUnknown)?;
        let verified = client_key.public_key.verify_pkcs1_sha256(string_to_sign, signature).is_ok();
        let record = match &client_key.status {
            ClientKeyStatus::Issued(record) if verified => record,
            ClientKeyStatus::Issued(_) => return Err(AccessRefusal::SignatureNotMatch),
            ClientKeyStatus::Revoked(at) if verified => {
                return Err(AccessRefusal::ClientKeyNotValid(Invalidity::Revoked(*at)));
            }
            ClientKeyStatus::Revoked(_) => return Err(AccessRefusal::ClientKeyUnknown),
        };
        if let Some(invalidity) = invalidity(record, self.clock.now()) {
            return Err(AccessRefusal::ClientKeyNotValid(invalidity));
        }
        let rights = self.rights(record, source).await?;
        if !rights.is_source_admitted() {
            return Err(AccessRefusal::SourceNotAdmitted);
        }
        Ok((Caller::ClientKey(id), rights))
    }

    async fn rights(&self, client_key: &ClientKey, source: IpAddr) -> Result<Rights, ServiceError> {
        if !client_key.is_governed {
            return Ok(Rights::everything(source));
        }
        let name = RuleName::parse(&client_key.name)
            .ok_or(ServiceError::Bug("the name of a client key is not a valid name of an application access point"))?;
        Ok(Rights::granted(self.caches.grants(&name).await?, source))
    }

    /// The access key `id`, whose secret signs control plane requests; `None` when there is none.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn access_key(&self, id: &str) -> Result<Option<Arc<AccessKey>>, ServiceError> {
        let Some(id) = AccessKeyId::parse(id) else { return Ok(None) };
        self.caches.access_key(&id).await
    }

    /// The nonces used on the control plane.
    #[must_use]
    pub fn nonces(&self) -> &NonceLedger {
        &self.nonces
    }
}

/// Why the key is not valid at `now`; `None` if [`ClientKey::is_valid_at`] says that it is.
fn invalidity(key: &ClientKey, now: Timestamp) -> Option<Invalidity> {
    if key.is_valid_at(now) {
        None
    } else if now < key.not_before {
        Some(Invalidity::NotYetValid(key.not_before))
    } else {
        Some(Invalidity::Expired(key.not_after))
    }
}
