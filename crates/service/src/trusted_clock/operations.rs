//! What the server and its operator do with the trusted time and the business time.

use std::sync::atomic::Ordering;

use claviger_vault::DevClock;

use super::{DestructionHold, LastStored, lock};
use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::service::Service;

/// The subject in the audit record of a confirmation.
const CLOCK: &str = "meta/clock";

impl Service {
    /// Why keys are not destroyed by the clock's time; `None` while the trusted time is at most an hour behind it.
    #[must_use]
    pub fn destruction_hold(&self) -> Option<DestructionHold> {
        self.trusted.hold()
    }

    /// How many keys are due for destruction by the clock but not by the trusted time, as of the scheduler's last pass.
    #[must_use]
    pub fn keys_held(&self) -> u64 {
        self.trusted.held.load(Ordering::Relaxed)
    }

    /// Advances the trusted time, and stores it once a minute. Blocks.
    ///
    /// # Errors
    /// When the store fails. A crash then loses the running time since it was last stored.
    pub fn keep_trusted_time(&self) -> Result<(), ServiceError> {
        self.trusted.store_if_due()
    }

    /// Stores the trusted time now, before the server stops. Blocks.
    ///
    /// # Errors
    /// See [`Service::keep_trusted_time`].
    pub fn store_trusted_time(&self) -> Result<(), ServiceError> {
        self.trusted.store(lock(&self.trusted.last_stored))
    }

    /// Records that an operator has confirmed the clock since the last start, and returns whether one has. The commit that
    /// records it also clears it, so that it is recorded once. Blocks.
    ///
    /// # Errors
    /// Those of every change; the confirmation is then recorded by a later call.
    pub fn record_clock_confirmation(&self, intent: &Intent) -> Result<bool, ServiceError> {
        // While this lock is held, nothing else stores the time.
        let mut stored = lock(&self.trusted.last_stored);
        let (_wall, state) = self.trusted.observe();
        if !state.time.is_newly_confirmed() {
            return Ok(false);
        }
        let time = state.time.clone().with_newly_confirmed(false);
        drop(state);
        let change = self.vault.change().put(&time)?;
        self.commit(change, intent, Subject::other(CLOCK))?;
        lock(&self.trusted.state).time.forget_confirmation();
        *stored = LastStored { reached: Some(time.reached()), at: Some(self.clock.running()) };
        Ok(true)
    }

    /// Moves business time, durably. `to` maps the current offset, in milliseconds ahead of real time, to the new offset, which
    /// is returned. Only `claviger dev` allows this; it also makes the clock's time the trusted time. Blocks.
    ///
    /// # Errors
    /// When the store fails.
    pub fn move_business_time(&self, to: impl FnOnce(i64) -> i64) -> Result<i64, ServiceError> {
        let stored = lock(&self.trusted.last_stored);
        let offset_ms = to(self.clock.offset_ms());
        let change = self.vault.change().put(&DevClock { offset_ms })?;
        self.commit_unaudited(change, "the development clock is not audited")?;
        self.clock.set_offset_ms(offset_ms);
        lock(&self.trusted.state).time.restart_at(self.clock.real_now());
        self.trusted.store(stored)?;
        Ok(offset_ms)
    }
}
