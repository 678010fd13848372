//! Who is calling: client keys of the data plane with their rights, access keys of the control plane, and nonces used once.

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

/// Somebody whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A client key, on the data plane.
    ClientKey(ClientKeyId),
    /// An access key, on the control plane.
    AccessKey(AccessKeyId),
}

/// Why a caller was not let in.
#[derive(Debug)]
pub enum AccessRefusal {
    /// No client key has this id; also what is said of a revoked one to who does not hold it.
    ClientKeyUnknown,
    /// The signature is the client key's, and the key may not be used.
    ClientKeyNotValid(Invalidity),
    /// The signature is not this client key's over these bytes.
    SignatureNotMatch,
    /// No policy of the client key admits its source address.
    SourceNotAdmitted,
    /// The caller could not be looked up.
    Failed(ServiceError),
}

/// Why a client key may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalidity {
    /// Its last moment was before this one.
    Expired(Timestamp),
    /// Its first moment is this one.
    NotYetValid(Timestamp),
    /// It was revoked then.
    Revoked(Timestamp),
}

impl From<ServiceError> for AccessRefusal {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

/// The callers this instance knows.
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

    /// Verifies that `signature` is the client key's over `string_to_sign` (RSASSA-PKCS1-v1_5 with SHA-256,
    /// instance-api 1.4), then that the key is valid now and admitted from `source`, in the order of
    /// instance-api 2. Only who can sign learns why a key is not valid, and that a revoked one ever was.
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
            .ok_or(ServiceError::Bug("a governed client key names no application access point"))?;
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

    /// The nonces that were used.
    #[must_use]
    pub fn nonces(&self) -> &NonceLedger {
        &self.nonces
    }
}

/// Why the key may not be used at `now`, if it may not: [`ClientKey::is_valid_at`] decides.
fn invalidity(key: &ClientKey, now: Timestamp) -> Option<Invalidity> {
    if key.is_valid_at(now) {
        None
    } else if now < key.not_before {
        Some(Invalidity::NotYetValid(key.not_before))
    } else {
        Some(Invalidity::Expired(key.not_after))
    }
}
