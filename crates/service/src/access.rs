//! Who is calling: client keys of the data plane with their rights, access keys of the control plane, and nonces used once.

mod nonce;
mod rights;

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use claviger_base::id::{AccessKeyId, ClientKeyId, RuleName};
use claviger_base::{Clock, Timestamp};
use claviger_crypto::rsa::PublicKey;
use claviger_model::{AccessKey, ClientKey, Grant, RevokedClientKey};
use claviger_vault::Vault;

use crate::cache::Shelf;
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

/// A client key with its public key parsed.
#[derive(Debug)]
struct PreparedClientKey {
    standing: Standing,
    public_key: PublicKey,
}

/// What a client key's record says.
#[derive(Debug)]
enum Standing {
    Issued(ClientKey),
    Revoked(Timestamp),
}

/// The callers this instance knows.
#[derive(Debug)]
pub struct Access {
    vault: Arc<Vault>,
    clock: Clock,
    client_keys: Arc<Shelf<ClientKeyId, PreparedClientKey>>,
    access_keys: Arc<Shelf<AccessKeyId, AccessKey>>,
    grants: Arc<Shelf<RuleName, Vec<Grant>>>,
    nonces: NonceLedger,
}

impl Access {
    pub(crate) fn new(vault: Arc<Vault>, clock: Clock, cache_entries: NonZeroUsize) -> Self {
        Self {
            vault,
            clock,
            client_keys: Arc::new(Shelf::new(cache_entries)),
            access_keys: Arc::new(Shelf::new(cache_entries)),
            grants: Arc::new(Shelf::new(cache_entries)),
            nonces: NonceLedger::default(),
        }
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
        let vault = Arc::clone(&self.vault);
        let load = move |id: &ClientKeyId| prepare(&vault, id);
        let client_key = self.client_keys.get_or_load(&id, load).await?.ok_or(AccessRefusal::ClientKeyUnknown)?;
        let verified = client_key.public_key.verify_pkcs1_sha256(string_to_sign, signature).is_ok();
        let record = match &client_key.standing {
            Standing::Issued(record) if verified => record,
            Standing::Issued(_) => return Err(AccessRefusal::SignatureNotMatch),
            Standing::Revoked(at) if verified => {
                return Err(AccessRefusal::ClientKeyNotValid(Invalidity::Revoked(*at)));
            }
            Standing::Revoked(_) => return Err(AccessRefusal::ClientKeyUnknown),
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
        let vault = Arc::clone(&self.vault);
        let grants = self.grants.get_or_load(&name, move |name| rights::load(&vault, name)).await?;
        Ok(Rights::granted(grants.unwrap_or_default(), source))
    }

    /// The access key `id`, whose secret signs control plane requests; `None` when there is none.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn access_key(&self, id: &str) -> Result<Option<Arc<AccessKey>>, ServiceError> {
        let Some(id) = AccessKeyId::parse(id) else { return Ok(None) };
        let vault = Arc::clone(&self.vault);
        let load = move |id: &AccessKeyId| Ok(vault.get::<AccessKey>(id)?.map(|stored| stored.record));
        self.access_keys.get_or_load(&id, load).await
    }

    /// The nonces that were used.
    #[must_use]
    pub fn nonces(&self) -> &NonceLedger {
        &self.nonces
    }

    /// Call after every commit that changed an application access point, a policy or a network rule.
    pub(crate) fn forget_grants(&self) {
        self.grants.forget_all();
    }

    /// Call after every commit that changed this access key.
    pub(crate) fn forget_access_key(&self, id: &AccessKeyId) {
        self.access_keys.forget(id);
    }

    /// Call after every commit that changed this client key.
    pub(crate) fn forget_client_key(&self, id: &ClientKeyId) {
        self.client_keys.forget(id);
    }
}

fn prepare(vault: &Vault, id: &ClientKeyId) -> Result<Option<PreparedClientKey>, ServiceError> {
    let (standing, spki) = if let Some(stored) = vault.get::<ClientKey>(id)? {
        let spki = stored.record.public_key.clone();
        (Standing::Issued(stored.record), spki)
    } else if let Some(stored) = vault.get::<RevokedClientKey>(id)? {
        (Standing::Revoked(stored.record.revoked), stored.record.public_key)
    } else {
        return Ok(None);
    };
    let public_key = PublicKey::from_spki_der(&spki)
        .map_err(|_malformed| ServiceError::Bug("a stored client key does not parse"))?;
    Ok(Some(PreparedClientKey { standing, public_key }))
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
