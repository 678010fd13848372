//! The time by which this service destroys keys: the trusted time, moved as the service runs and kept in the store.
//!
//! **Invariant:** the store has seen a key's date pass before anything of the key is destroyed, so a key that counted as
//! gone once counts as gone after every restart.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claviger_base::{Clock, Timestamp};
use claviger_model::{Hold, Instance, TrustedTime};
use claviger_vault::{Audit, DevClock, Vault, VaultError};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::service::Service;

/// How much running a crash may lose; then destruction is late by that.
const STORED_EVERY: Duration = Duration::from_secs(60);
/// What the audit record of a confirmation names.
const CLOCK: &str = "meta/clock";

/// Why nothing that came due lately is destroyed. Both times are business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestructionHold {
    /// What is wrong with the clock.
    pub reason: Hold,
    /// What the clock says.
    pub clock: Timestamp,
    /// The time by which keys are destroyed.
    pub trusted: Timestamp,
    /// Keys whose date has come by the clock, and which wait, as of the scheduler's last pass.
    pub keys: u64,
}

/// See the head of this file.
pub(crate) struct TrustedClock {
    clock: Clock,
    vault: Arc<Vault>,
    state: Mutex<State>,
    /// Held while the time is stored, so that an older one never replaces a newer one.
    storing: Mutex<Stored>,
    /// Keys that wait.
    held: AtomicU64,
}

#[derive(Debug)]
struct State {
    time: TrustedTime,
    /// When the wall clock was last looked at, by the clock of running time.
    looked_at: Duration,
}

#[derive(Debug, Default)]
struct Stored {
    reached: Option<Timestamp>,
    at: Option<Duration>,
}

impl fmt::Debug for TrustedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedClock").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A lock that a panic left is as good as any: every change of what it guards is complete in itself.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TrustedClock {
    /// Goes on where the store left off.
    ///
    /// A store without a time was written by a version that kept none; a damaged one is taken for that. All that is known
    /// then is that the instance was made once.
    pub(crate) fn load(vault: Arc<Vault>, clock: Clock, instance: &Instance) -> Result<Self, ServiceError> {
        let stored = match vault.single::<TrustedTime>() {
            Ok(stored) => stored.map(|stored| stored.record),
            Err(VaultError::Unreadable { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let time = stored.unwrap_or_else(|| TrustedTime::starting_at(instance.created));
        let state = Mutex::new(State { time, looked_at: clock.running() });
        Ok(Self { clock, vault, state, storing: Mutex::default(), held: AtomicU64::new(0) })
    }

    /// The time by which keys are destroyed, business time. It never goes back, but where `claviger dev` is told to.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.business(self.looked().1.time.reached())
    }

    /// Looks at the clocks. What the wall clock says, and the state that now knows of it.
    fn looked(&self) -> (Timestamp, MutexGuard<'_, State>) {
        let mut state = locked(&self.state);
        // In this order: being interrupted between the two makes the wall clock look later, which is not believed.
        let running = self.clock.running();
        let wall = self.clock.real_now();
        let ran = running.saturating_sub(state.looked_at).as_millis();
        let ran_ms = i64::try_from(ran).unwrap_or(i64::MAX);
        // Whole milliseconds; the rest is looked at the next time.
        state.looked_at += Duration::from_millis(u64::try_from(ran_ms).unwrap_or(0));
        state.time.observe(wall, ran_ms);
        (wall, state)
    }

    fn hold(&self) -> Option<DestructionHold> {
        let (wall, state) = self.looked();
        let reason = state.time.hold(wall)?;
        let (clock, trusted) = (self.clock.business(wall), self.clock.business(state.time.reached()));
        Some(DestructionHold { reason, clock, trusted, keys: self.held.load(Ordering::Relaxed) })
    }

    /// Stores the time if a minute of running has passed since it was stored. Blocks.
    fn keep(&self) -> Result<(), ServiceError> {
        let stored = locked(&self.storing);
        let is_due = stored.at.is_none_or(|at| self.clock.running().saturating_sub(at) >= STORED_EVERY);
        if is_due { self.store(stored) } else { Ok(()) }
    }

    fn store(&self, mut stored: MutexGuard<'_, Stored>) -> Result<(), ServiceError> {
        let time = self.looked().1.time.clone();
        self.vault.change().put(&time)?.commit(Audit::NoRecord("time that passes is no change"))?;
        *stored = Stored { reached: Some(time.reached()), at: Some(self.clock.running()) };
        Ok(())
    }

    /// Sees to it that the store knows that `due`, business time, has passed. Blocks.
    pub(crate) fn store_that_passed(&self, due: Timestamp) -> Result<(), ServiceError> {
        let stored = locked(&self.storing);
        let is_known = stored.reached.is_some_and(|reached| self.clock.business(reached) >= due);
        if is_known { Ok(()) } else { self.store(stored) }
    }

    /// The scheduler has seen this many keys that wait.
    pub(crate) fn set_held(&self, keys: u64) {
        self.held.store(keys, Ordering::Relaxed);
    }
}

impl Service {
    /// Why destruction waits; `None` when it does not, or by no more than an hour.
    #[must_use]
    pub fn destruction_hold(&self) -> Option<DestructionHold> {
        self.trusted.hold()
    }

    /// Keys whose date has come by the clock but not by the trusted time, as of the scheduler's last pass.
    #[must_use]
    pub fn keys_held(&self) -> u64 {
        self.trusted.held.load(Ordering::Relaxed)
    }

    /// Looks at the clocks, and stores the trusted time once a minute. Blocks.
    ///
    /// # Errors
    /// When the store fails; nothing is lost then but the running time since it was last stored.
    pub fn keep_trusted_time(&self) -> Result<(), ServiceError> {
        self.trusted.keep()
    }

    /// Stores the trusted time now: before a stop. Blocks.
    ///
    /// # Errors
    /// See [`Service::keep_trusted_time`].
    pub fn store_trusted_time(&self) -> Result<(), ServiceError> {
        self.trusted.store(locked(&self.trusted.storing))
    }

    /// Whether an operator has said, since the last start, that the clock is right. It is forgotten in the commit that
    /// tells the audit log of it, so that it is recorded once. Blocks.
    ///
    /// # Errors
    /// As those of every change; it is not forgotten then.
    pub fn record_clock_confirmation(&self, intent: &Intent) -> Result<bool, ServiceError> {
        // While this is held nobody else stores the time.
        let mut stored = locked(&self.trusted.storing);
        let (_wall, state) = self.trusted.looked();
        if !state.time.is_newly_confirmed() {
            return Ok(false);
        }
        let time = state.time.clone().with_newly_confirmed(false);
        drop(state);
        let change = self.vault.change().put(&time)?;
        self.commit(change, intent, Changed::other(CLOCK))?;
        locked(&self.trusted.state).time.forget_confirmation();
        *stored = Stored { reached: Some(time.reached()), at: Some(self.clock.running()) };
        Ok(true)
    }

    /// Moves business time, durably: `to` makes of how far it is ahead of real time, milliseconds, what it is to be. Whoever
    /// moves it vouches for the clock: only `claviger dev` lets anybody. Blocks.
    ///
    /// # Errors
    /// When the store fails.
    pub fn move_business_time(&self, to: impl FnOnce(i64) -> i64) -> Result<i64, ServiceError> {
        let stored = locked(&self.trusted.storing);
        let offset_ms = to(self.clock.offset_ms());
        let change = self.vault.change().put(&DevClock { offset_ms })?;
        self.commit_unaudited(change, "a clock is no change")?;
        self.clock.set_offset_ms(offset_ms);
        locked(&self.trusted.state).time.restart_at(self.clock.real_now());
        self.trusted.store(stored)?;
        Ok(offset_ms)
    }
}
