//! `DeleteClientKey`: revocation (rpc-api 13.3).

use claviger_base::id::ClientKeyId;
use claviger_model::{ClientKey, RevokedClientKey};
use claviger_vault::{Change, Cursor, Outcome};

use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::service::Service;

/// How many records of revoked keys a revocation reads to remove old ones.
const OLD_REVOCATIONS_READ: usize = 100;

impl Service {
    /// Revokes a client key, irrevocably and from the next request on. Until it would have expired, enough of it is kept to
    /// tell its holder why requests are refused. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::ClientKeyNotFound`].
    pub fn revoke_client_key(&self, id: &ClientKeyId, intent: &Intent) -> Result<ClientKey, ServiceError> {
        let stored = self.vault.get::<ClientKey>(id)?.ok_or(ServiceError::ClientKeyNotFound)?;
        let revoked = RevokedClientKey {
            id: id.clone(),
            public_key: stored.record.public_key.clone(),
            revoked: self.clock.now().whole_second(),
            not_after: stored.record.not_after,
        };
        let change = self.vault.change().require(&stored).delete(&stored.record).put(&revoked)?;
        let change = self.with_old_revocations_removed(change, id);
        match self.commit(change, intent, Subject::other(id.as_str()).with_name(&stored.record.name))? {
            Outcome::Done(_) => Ok(stored.record),
            // Client keys are never edited, so another request has just revoked it.
            Outcome::Conflict => Err(ServiceError::ClientKeyNotFound),
        }
    }

    /// Adds to the change the removal of some records of revoked keys that would have expired by now. If they cannot be read,
    /// the revocation goes ahead without the removal.
    fn with_old_revocations_removed<'vault>(
        &'vault self,
        mut change: Change<'vault>,
        id: &ClientKeyId,
    ) -> Change<'vault> {
        let now = self.clock.now();
        match self.revocations_from(id) {
            Ok(records) => {
                for old in records.iter().filter(|old| old.not_after <= now) {
                    change = change.delete(old);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "earlier revocations could not be read, so expired ones are not removed");
            }
        }
        change
    }

    /// Some records of revoked client keys: those that follow `id`, and then those from the first one up to it. Ids are random,
    /// so later revocations reach every record eventually.
    fn revocations_from(&self, id: &ClientKeyId) -> Result<Vec<RevokedClientKey>, ServiceError> {
        let after = Cursor::after::<RevokedClientKey>(id);
        let following = self.vault.list::<RevokedClientKey>(Some(&after), OLD_REVOCATIONS_READ)?;
        let mut records: Vec<_> = following.records.into_iter().map(|stored| stored.record).collect();
        let left = OLD_REVOCATIONS_READ.saturating_sub(records.len());
        if left > 0 {
            let first = self.vault.list::<RevokedClientKey>(None, left)?;
            let up_to_id = first.records.into_iter().map(|stored| stored.record).take_while(|old| old.id <= *id);
            records.extend(up_to_id);
        }
        Ok(records)
    }
}
