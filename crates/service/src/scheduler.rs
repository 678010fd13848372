//! Work that no request asks for: keys rotate when they are due, and are destroyed when their pending window is over.
//!
//! A pass is idempotent and may be interrupted anywhere: a due date stays stored until its work is committed, and the first
//! pass after a start does what became due while the server was down.

use std::sync::Arc;
use std::time::Duration;

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{AutomaticRotation, Key, KeyVersion};
use claviger_vault::Due;

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::service::Service;

/// How many due dates one step of a pass reads.
const STEP: usize = 64;
/// Wait between passes.
const WAIT: Duration = Duration::from_secs(1);
/// The operation in the audit log.
const ROTATION: &str = "AutomaticRotation";

/// Something that the scheduler did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// The key has a new primary version.
    Rotated(KeyVersion),
    /// The key, its versions and its aliases are gone.
    Destroyed(KeyId),
}

/// What became of one due date.
enum Processed {
    Done(Done),
    /// The key's pending window is over by the clock, but not yet by the trusted time.
    Held,
    /// There was nothing to do, or the key changed meanwhile; then its new due date says what is next.
    Nothing,
}

impl From<Option<Done>> for Processed {
    fn from(done: Option<Done>) -> Self {
        done.map_or(Self::Nothing, Self::Done)
    }
}

impl Service {
    /// Does everything that is due now and reports each success and failure. A failure does not stop the pass; the next one
    /// tries again. Blocks.
    ///
    /// # Errors
    /// When the due dates cannot be read.
    pub fn do_what_is_due(&self, report: &mut dyn FnMut(Result<Done, ServiceError>)) -> Result<(), ServiceError> {
        for (key, version) in self.iv_ledger.take_nearly_exhausted() {
            if let Some(outcome) = self.rotate_nearly_exhausted(&key, &version).transpose() {
                report(outcome);
            }
        }
        let (mut after, mut held) = (None, 0);
        loop {
            let now = self.clock.now().max(self.trusted.now());
            let page = self.vault.list::<Due>(after.as_ref(), STEP)?.while_all(|due| due.at <= now);
            for due in page.records {
                match self.process(&due.record) {
                    Ok(Processed::Done(done)) => report(Ok(done)),
                    Ok(Processed::Held) => held += 1,
                    Ok(Processed::Nothing) => {}
                    Err(error) => report(Err(error)),
                }
            }
            for path in &page.unreadable {
                self.repair_due_date(path).unwrap_or_else(|error| report(Err(error)));
            }
            if page.next.is_none() {
                self.trusted.set_held(held);
                return Ok(());
            }
            after = page.next;
        }
    }

    /// Runs `pass` once a second, on blocking threads. Never returns.
    pub async fn schedule(self: Arc<Self>, pass: impl Fn(&Self) + Clone + Send + 'static) {
        loop {
            let (service, pass) = (Arc::clone(&self), pass.clone());
            // The panic hook reports a pass that panicked; the next pass tries again.
            let _panicked = tokio::task::spawn_blocking(move || pass(&service)).await;
            tokio::time::sleep(WAIT).await;
        }
    }

    fn process(&self, due: &Due) -> Result<Processed, ServiceError> {
        let now = self.clock.now();
        let stored = match self.vault.get::<Key>(&due.key) {
            // The vault has reported the damage. Nothing can be due as long as the key's record cannot be read.
            Err(error) if error.is_unreadable() => return Ok(Processed::Nothing),
            read => read?,
        };
        let Some(stored) = stored else {
            self.commit_unaudited(self.vault.change().delete(due), "the due date of a key that does not exist")?;
            return Ok(Processed::Nothing);
        };
        let key = &stored.record;
        if key.is_destruction_due_at(self.trusted.now()) {
            let is_gone = self.destroy(&stored)?;
            return Ok(is_gone.then(|| Done::Destroyed(key.id.clone())).into());
        }
        if key.is_destruction_due_at(now) {
            return Ok(Processed::Held);
        }
        if key.is_rotation_due_at(now) {
            let version = self.try_rotate(&stored, &Intent::local(ROTATION)?)?;
            return Ok(version.map(Done::Rotated).into());
        }
        if key.due() != Some(due.at) {
            // Only a damaged store has a date that the key does not have.
            let change = self.vault.change().require(&stored).delete(due);
            self.commit_unaudited(change, "the key does not have this due date")?;
        }
        Ok(Processed::Nothing)
    }

    /// Rotates a key that rotates automatically before its primary version reaches the limit of its encryptions.
    fn rotate_nearly_exhausted(&self, key: &KeyId, version: &KeyVersionId) -> Result<Option<Done>, ServiceError> {
        let stored = match self.vault.get::<Key>(key) {
            Err(error) if error.is_unreadable() => return Ok(None),
            read => read?,
        };
        let Some(stored) = stored else { return Ok(None) };
        let key = &stored.record;
        if key.automatic_rotation() != AutomaticRotation::Enabled || key.primary_version != *version {
            return Ok(None);
        }
        Ok(self.try_rotate(&stored, &Intent::local(ROTATION)?)?.map(Done::Rotated))
    }
}
