//! What happens without anyone asking: due keys rotate, keys whose pending window is over are destroyed.
//!
//! A pass is idempotent and may be cut off anywhere: the due date stays stored until its work is committed, and what
//! was due while the server was down is done by the first pass after the start.

use std::sync::Arc;
use std::time::Duration;

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{AutomaticRotation, Key, KeyMaterial, KeyVersion};
use claviger_vault::{AliasOfKey, Due, IvUses, Outcome, Stored};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::service::Service;

/// How many due dates one step of a pass reads.
const STEP: usize = 64;
/// Wait between passes.
const WAIT: Duration = Duration::from_secs(1);
/// Fewer than the store's limit of operations in a commit, with room for the preconditions.
const DESTROYED_PER_COMMIT: usize = 24;
/// As the audit log calls what is done here.
const ROTATION: &str = "AutomaticRotation";
const DESTRUCTION: &str = "DestroyKey";

/// Something the scheduler did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The key has a new primary version.
    Rotated(claviger_model::KeyVersion),
    /// The key, its versions and its aliases are gone.
    Destroyed(KeyId),
}

impl Service {
    /// Does all that is due now, reporting each thing done or failed; what failed is tried again by the next pass, and
    /// keeps nothing else from being done. Blocks.
    ///
    /// # Errors
    /// When the due dates cannot be read.
    pub fn do_what_is_due(&self, report: &mut dyn FnMut(Result<Done, ServiceError>)) -> Result<(), ServiceError> {
        for (key, version) in self.iv_ledger.take_worn() {
            if let Some(outcome) = self.rotate_worn(&key, &version).transpose() {
                report(outcome);
            }
        }
        let (mut after, mut held) = (None, 0);
        loop {
            let now = self.clock.now().max(self.trusted.now());
            let page = self.vault.list::<Due>(after.as_ref(), STEP)?.while_all(|due| due.at <= now);
            for due in page.records {
                if let Some(outcome) = self.do_one(&due.record, &mut held).transpose() {
                    report(outcome);
                }
            }
            for path in &page.unreadable {
                self.mend_due_date(path).unwrap_or_else(|error| report(Err(error)));
            }
            if page.next.is_none() {
                self.trusted.set_held(held);
                return Ok(());
            }
            after = page.next;
        }
    }

    /// Passes for ever, a second apart; `pass` runs one, off the async threads.
    pub async fn schedule(self: Arc<Self>, pass: impl Fn(&Self) + Clone + Send + 'static) {
        loop {
            let (service, pass) = (Arc::clone(&self), pass.clone());
            // A pass that panicked is reported by the runtime's panic hook; the next one tries again.
            let _panicked = tokio::task::spawn_blocking(move || pass(&service)).await;
            tokio::time::sleep(WAIT).await;
        }
    }

    /// `held` counts keys that would be destroyed if the clock were to be trusted.
    fn do_one(&self, due: &Due, held: &mut u64) -> Result<Option<Done>, ServiceError> {
        let now = self.clock.now();
        let stored = match self.vault.get::<Key>(&due.key) {
            // The vault has noted it. Nothing is due of a key of which nothing is known.
            Err(error) if error.is_unreadable() => return Ok(None),
            read => read?,
        };
        let Some(stored) = stored else {
            self.commit_unaudited(self.vault.change().delete(due), "a date of no key")?;
            return Ok(None);
        };
        let key = &stored.record;
        if key.is_destruction_due_at(self.trusted.now()) {
            return self.destroy(&stored).map(|gone| gone.then(|| Done::Destroyed(key.id.clone())));
        }
        if key.is_destruction_due_at(now) {
            *held += 1;
            return Ok(None);
        }
        if key.is_rotation_due_at(now) {
            return Ok(self.try_rotate(&stored, &Intent::local(ROTATION)?)?.map(Done::Rotated));
        }
        if key.due() != Some(due.at) {
            // A date that the key no longer knows; only a damaged store has one.
            let change = self.vault.change().require(&stored).delete(due);
            self.commit_unaudited(change, "a date that its key no longer knows")?;
        }
        Ok(None)
    }

    /// Rotates a key that rotates by itself before its primary version has sealed as often as it may.
    fn rotate_worn(&self, key: &KeyId, worn: &KeyVersionId) -> Result<Option<Done>, ServiceError> {
        let stored = match self.vault.get::<Key>(key) {
            Err(error) if error.is_unreadable() => return Ok(None),
            read => read?,
        };
        let Some(stored) = stored else { return Ok(None) };
        let key = &stored.record;
        if key.automatic_rotation() != AutomaticRotation::Enabled || key.primary_version != *worn {
            return Ok(None);
        }
        Ok(self.try_rotate(&stored, &Intent::local(ROTATION)?)?.map(Done::Rotated))
    }

    /// Destroys a key whose pending window is over: versions and aliases first, the key itself and its due date last,
    /// so that a pass that was cut off is taken up by the next. `false`: somebody changed the key first.
    fn destroy(&self, stored: &Stored<Key>) -> Result<bool, ServiceError> {
        let key = &stored.record;
        if let Some(due) = key.deletion {
            self.trusted.store_that_passed(due)?;
        }
        loop {
            let versions = self.vault.list_of::<KeyVersion>(&key.id, None, DESTROYED_PER_COMMIT)?.records;
            let aliases = self.vault.list_of::<AliasOfKey>(&key.id, None, DESTROYED_PER_COMMIT / 2)?.records;
            if versions.is_empty() && aliases.is_empty() {
                break;
            }
            let mut change = self.vault.change().require(stored);
            for version in &versions {
                let id = &version.record.id;
                change = change.delete_by_id::<KeyMaterial>(id).delete(&version.record).delete_by_id::<IvUses>(id);
            }
            for of_key in aliases.iter().map(|of_key| &of_key.record) {
                change = change.delete(&of_key.alias).delete(of_key);
            }
            let reason = "the commit that removes the key has the record";
            if self.commit_unaudited(change, reason)? == Outcome::Conflict {
                return Ok(false);
            }
        }
        if !self.destroy_remains(stored)? {
            return Ok(false);
        }
        let mut change = self.vault.change().require(stored).delete(&stored.record);
        if let Some(at) = key.due() {
            change = change.delete(&Due { at, key: key.id.clone() });
        }
        let outcome = self.commit(change, &Intent::local(DESTRUCTION)?, Changed::key(&key.id))?;
        Ok(matches!(outcome, Outcome::Done(_)))
    }
}
