//! Client keys in the form in which requests are checked against them: with the public key parsed, and marked if the key was
//! revoked.

use claviger_base::Timestamp;
use claviger_base::id::ClientKeyId;
use claviger_crypto::rsa::PublicKey;
use claviger_model::{ClientKey, RevokedClientKey};
use claviger_vault::Vault;

use crate::error::ServiceError;

/// A client key with its public key parsed.
#[derive(Debug)]
pub(crate) struct PreparedClientKey {
    pub(crate) status: ClientKeyStatus,
    pub(crate) public_key: PublicKey,
}

/// What the stored record says of a client key.
#[derive(Debug)]
pub(crate) enum ClientKeyStatus {
    /// It was issued; the record says from when to when it is valid.
    Issued(ClientKey),
    /// It was revoked at that time.
    Revoked(Timestamp),
}

pub(super) fn prepare(vault: &Vault, id: &ClientKeyId) -> Result<Option<PreparedClientKey>, ServiceError> {
    let (status, spki) = if let Some(stored) = vault.get::<ClientKey>(id)? {
        let spki = stored.record.public_key.clone();
        (ClientKeyStatus::Issued(stored.record), spki)
    } else if let Some(stored) = vault.get::<RevokedClientKey>(id)? {
        (ClientKeyStatus::Revoked(stored.record.revoked), stored.record.public_key)
    } else {
        return Ok(None);
    };
    let public_key = PublicKey::from_spki_der(&spki)
        .map_err(|_malformed| ServiceError::Bug("a stored client key does not parse"))?;
    Ok(Some(PreparedClientKey { status, public_key }))
}
