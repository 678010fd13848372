//! `GetClientKey`, `ListClientKeys` (rpc-api 13.3), and which client keys expire soon.

use claviger_base::Timestamp;
use claviger_base::id::ClientKeyId;
use claviger_model::ClientKey;
use claviger_vault::Cursor;

use crate::error::ServiceError;
use crate::paging::{PageRequest, SCAN_STEP};
use crate::service::Service;

/// One page of client keys, by id.
#[derive(Debug, Clone)]
pub struct ClientKeyListing {
    /// The page.
    pub client_keys: Vec<ClientKey>,
    /// How many there are in all.
    pub total: usize,
}

/// The client keys that expire soon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpiringClientKeys {
    /// When the next client key expires.
    pub earliest: Option<Timestamp>,
    /// How many expire within the requested time, not counting those that have expired already.
    pub soon: usize,
    /// Some of the keys that `soon` counts, with their expiry times.
    pub named: Vec<(ClientKeyId, Timestamp)>,
}

impl Service {
    /// The client key of that id. Blocks, as do all functions below.
    ///
    /// # Errors
    /// [`ServiceError::ClientKeyNotFound`].
    pub fn describe_client_key(&self, id: &ClientKeyId) -> Result<ClientKey, ServiceError> {
        Ok(self.vault.get::<ClientKey>(id)?.ok_or(ServiceError::ClientKeyNotFound)?.record)
    }

    /// The client keys.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn list_client_keys(&self, page: PageRequest) -> Result<ClientKeyListing, ServiceError> {
        let read = |after: Option<&Cursor>| Ok(self.vault.list::<ClientKey>(after, SCAN_STEP)?);
        let (client_keys, total) = page.collect(read, Some)?;
        Ok(ClientKeyListing { client_keys, total })
    }

    /// The client keys that expire within `soon_s` seconds. At most `named_max` of them are named.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn client_keys_expiring_within(
        &self,
        soon_s: i64,
        named_max: usize,
    ) -> Result<ExpiringClientKeys, ServiceError> {
        let now = self.clock.now();
        let mut expiring = ExpiringClientKeys::default();
        let mut after = None;
        loop {
            let page = self.vault.list::<ClientKey>(after.as_ref(), SCAN_STEP)?;
            for key in page.records.iter().map(|stored| &stored.record).filter(|key| key.not_after > now) {
                expiring.earliest = Some(expiring.earliest.map_or(key.not_after, |at| at.min(key.not_after)));
                if key.not_after <= now.plus_s(soon_s) {
                    expiring.soon += 1;
                    if expiring.named.len() < named_max {
                        expiring.named.push((key.id.clone(), key.not_after));
                    }
                }
            }
            if page.next.is_none() {
                return Ok(expiring);
            }
            after = page.next;
        }
    }
}
