//! Client keys: made, listed, revoked (instance-api 1.9, rpc-api 13.3).

use claviger_base::id::{ClientKeyId, RuleName};
use claviger_base::{SecretBytes, Timestamp};
use claviger_crypto::client_key::{self, Password};
use claviger_model::PER_ACCESS_POINT_MAX;
use claviger_model::{ClientKey, RevokedClientKey};
use claviger_vault::{Change, Cursor, Outcome};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::keys::list::{PageRequest, SCAN_STEP};
use crate::retry::until_done;
use crate::service::Service;

/// How many records of revoked keys a revocation looks at, to drop old ones.
const OLD_REVOCATIONS_READ: usize = 100;

/// What is asked for.
#[derive(Debug)]
pub struct IssueClientKey {
    /// The application access point it belongs to.
    pub access_point: RuleName,
    /// Protects the PKCS#12 file.
    pub password: Password,
    /// Refused before this date.
    pub not_before: Timestamp,
    /// Refused from this date on; must be after `not_before` and after now.
    pub not_after: Timestamp,
}

/// A new client key. The private half is handed out here and never again.
#[derive(Debug)]
pub struct IssuedClientKey {
    /// What is kept.
    pub record: ClientKey,
    /// PKCS#12, DER, protected by the password.
    pub pkcs12: SecretBytes,
}

/// One page of client keys, by id.
#[derive(Debug, Clone)]
pub struct ClientKeyListing {
    /// The page.
    pub client_keys: Vec<ClientKey>,
    /// How many there are in all.
    pub total: usize,
}

/// Which client keys end, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientKeyEnds {
    /// The earliest end of a client key that has not ended.
    pub earliest: Option<Timestamp>,
    /// How many end within the time asked for; those that have ended are not counted.
    pub soon: usize,
    /// Some of them.
    pub named: Vec<(ClientKeyId, Timestamp)>,
}

impl Service {
    /// Makes a client key of an application access point. Blocks, as all below.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`] for dates that are not allowed, also for an end that has passed; [`ServiceError::ResourceNotFound`] for an
    /// access point that does not exist; [`ServiceError::LimitExceeded`] when it has three client keys already.
    pub fn issue_client_key(&self, request: &IssueClientKey, intent: &Intent) -> Result<IssuedClientKey, ServiceError> {
        let issued = make(request, self.clock.now())?;
        until_done(|| {
            let point = self.stored_access_point(&request.access_point)?;
            if self.client_keys_of(&request.access_point)?.len() >= PER_ACCESS_POINT_MAX {
                return Err(ServiceError::LimitExceeded);
            }
            // The access point is touched, so that two keys made at once are counted one after the other.
            let change = self.vault.change().update(&point, &point.record)?.create(&issued.record)?;
            let changed = Changed::other(issued.record.id.as_str()).with_name(&issued.record.name);
            Ok(matches!(self.commit(change, intent, changed)?, Outcome::Done(_)).then_some(()))
        })?;
        Ok(issued)
    }

    /// The client key of that id.
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

    /// The client keys that end within so many seconds, `named_max` of them by name.
    ///
    /// # Errors
    /// When the vault fails.
    pub fn client_keys_that_end_within(&self, soon_s: i64, named_max: usize) -> Result<ClientKeyEnds, ServiceError> {
        let now = self.clock.now();
        let mut ends = ClientKeyEnds::default();
        let mut after = None;
        loop {
            let page = self.vault.list::<ClientKey>(after.as_ref(), SCAN_STEP)?;
            for key in page.records.iter().map(|stored| &stored.record).filter(|key| key.not_after > now) {
                ends.earliest = Some(ends.earliest.map_or(key.not_after, |at| at.min(key.not_after)));
                if key.not_after <= now.plus_s(soon_s) {
                    ends.soon += 1;
                    if ends.named.len() < named_max {
                        ends.named.push((key.id.clone(), key.not_after));
                    }
                }
            }
            if page.next.is_none() {
                return Ok(ends);
            }
            after = page.next;
        }
    }

    /// Revokes a client key, at once and for ever. Enough of it is kept to tell its holder, until it would have expired.
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
        let change = self.without_old_revocations(change, id);
        match self.commit(change, intent, Changed::other(id.as_str()).with_name(&stored.record.name))? {
            Outcome::Done(_) => Ok(stored.record),
            // Client keys are never edited, so somebody else has just revoked it.
            Outcome::Conflict => Err(ServiceError::ClientKeyNotFound),
        }
    }
}

impl Service {
    /// Drops some records of revoked keys that would have expired by now. Ids are random, so that every record lies behind
    /// some later revocation's id sooner or later; when they cannot be read, that is no reason not to revoke.
    fn without_old_revocations<'vault>(&'vault self, mut change: Change<'vault>, id: &ClientKeyId) -> Change<'vault> {
        let now = self.clock.now();
        match self.revocations_from(id) {
            Ok(records) => {
                for old in records.iter().filter(|old| old.not_after <= now) {
                    change = change.delete(old);
                }
            }
            Err(error) => tracing::warn!(%error, "old records of revoked client keys could not be read"),
        }
        change
    }

    /// Records of revoked client keys behind `id`, then those from the first up to it: each at most once. Ids are random, so
    /// every one is met in time.
    fn revocations_from(&self, id: &ClientKeyId) -> Result<Vec<RevokedClientKey>, ServiceError> {
        let after = Cursor::after::<RevokedClientKey>(id);
        let behind = self.vault.list::<RevokedClientKey>(Some(&after), OLD_REVOCATIONS_READ)?;
        let mut records: Vec<_> = behind.records.into_iter().map(|stored| stored.record).collect();
        let left = OLD_REVOCATIONS_READ.saturating_sub(records.len());
        if left > 0 {
            let first = self.vault.list::<RevokedClientKey>(None, left)?;
            let up_to_id = first.records.into_iter().map(|stored| stored.record).take_while(|old| old.id <= *id);
            records.extend(up_to_id);
        }
        Ok(records)
    }
}

/// Makes a client key without storing it: a first start stores it together with everything else.
pub(crate) fn make(request: &IssueClientKey, now: Timestamp) -> Result<IssuedClientKey, ServiceError> {
    if request.not_after <= request.not_before || request.not_after <= now {
        return Err(ServiceError::InvalidParameter("NotAfter"));
    }
    let id = ClientKeyId::generate()?;
    let issued = client_key::issue(id.as_str(), &request.password, request.not_before, request.not_after)
        .map_err(|_failed| ServiceError::Bug("making a client key failed"))?;
    let record = ClientKey {
        id,
        name: request.access_point.to_string(),
        is_governed: true,
        public_key: issued.spki_der,
        certificate: issued.certificate_der,
        created: now.whole_second(),
        not_before: request.not_before,
        not_after: request.not_after,
    };
    Ok(IssuedClientKey { record, pkcs12: issued.pkcs12_der })
}
