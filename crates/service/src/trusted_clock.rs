//! The trusted time, by which keys are destroyed: it advances while the service runs and is kept in the store.
//!
//! **Invariant:** before anything of a key is destroyed, a trusted time after the key's date is in the store. A key that once
//! counted as destroyed therefore does so after every restart.

mod operations;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claviger_base::{Clock, Timestamp};
use claviger_model::{Hold, Instance, TrustedTime};
use claviger_vault::{Audit, Vault, VaultError};

use crate::error::ServiceError;

/// How much running time a crash may lose. Destruction is then delayed by that time.
const STORED_EVERY: Duration = Duration::from_secs(60);

/// Why keys whose date has come are not destroyed. Both times are business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestructionHold {
    /// What is wrong with the clock.
    pub reason: Hold,
    /// What the clock says.
    pub clock: Timestamp,
    /// The time by which keys are destroyed.
    pub trusted: Timestamp,
    /// Keys whose date has come by the clock and that are held back, as of the scheduler's last pass.
    pub keys: u64,
}

/// The trusted time of a running service.
pub(crate) struct TrustedClock {
    clock: Clock,
    vault: Arc<Vault>,
    state: Mutex<State>,
    /// Held while the time is stored, so that an older one never replaces a newer one.
    last_stored: Mutex<LastStored>,
    /// How many keys are held back.
    held: AtomicU64,
}

#[derive(Debug)]
struct State {
    time: TrustedTime,
    /// When the wall clock was last read, in running time.
    observed_at: Duration,
}

#[derive(Debug, Default)]
struct LastStored {
    reached: Option<Timestamp>,
    at: Option<Duration>,
}

impl fmt::Debug for TrustedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedClock").field("state", &self.state).finish_non_exhaustive()
    }
}

/// A poisoned lock is harmless: every change of what these locks guard is complete in itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TrustedClock {
    /// Continues from the time in the store.
    ///
    /// A store without a trusted time was written by a version that kept none. Then, and when the record is damaged, all that is
    /// known is that now is later than the creation of the instance.
    pub(crate) fn load(vault: Arc<Vault>, clock: Clock, instance: &Instance) -> Result<Self, ServiceError> {
        let stored = match vault.single::<TrustedTime>() {
            Ok(stored) => stored.map(|stored| stored.record),
            Err(VaultError::Unreadable { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let time = stored.unwrap_or_else(|| TrustedTime::starting_at(instance.created));
        let state = Mutex::new(State { time, observed_at: clock.running() });
        Ok(Self { clock, vault, state, last_stored: Mutex::default(), held: AtomicU64::new(0) })
    }

    /// The trusted time, as business time. It never goes back, unless `claviger dev` moves business time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.business(self.observe().1.time.reached())
    }

    /// Reads the clocks and updates the state. Returns the wall clock's time and the state.
    fn observe(&self) -> (Timestamp, MutexGuard<'_, State>) {
        let mut state = lock(&self.state);
        // Read in this order: an interruption between the two only makes the wall clock appear to be ahead, and a clock that is
        // ahead is not trusted.
        let running = self.clock.running();
        let wall = self.clock.real_now();
        let ran = running.saturating_sub(state.observed_at).as_millis();
        let ran_ms = i64::try_from(ran).unwrap_or(i64::MAX);
        // Whole milliseconds; the remainder counts the next time.
        state.observed_at += Duration::from_millis(u64::try_from(ran_ms).unwrap_or(0));
        state.time.observe(wall, ran_ms);
        (wall, state)
    }

    fn hold(&self) -> Option<DestructionHold> {
        let (wall, state) = self.observe();
        let reason = state.time.hold(wall)?;
        let (clock, trusted) = (self.clock.business(wall), self.clock.business(state.time.reached()));
        Some(DestructionHold { reason, clock, trusted, keys: self.held.load(Ordering::Relaxed) })
    }

    /// Stores the time, unless it was stored within the last minute of running time. Blocks.
    fn store_if_due(&self) -> Result<(), ServiceError> {
        let stored = lock(&self.last_stored);
        let is_due = stored.at.is_none_or(|at| self.clock.running().saturating_sub(at) >= STORED_EVERY);
        if is_due { self.store(stored) } else { Ok(()) }
    }

    fn store(&self, mut stored: MutexGuard<'_, LastStored>) -> Result<(), ServiceError> {
        let time = self.observe().1.time.clone();
        self.vault.change().put(&time)?.commit(Audit::NoRecord("only time has passed"))?;
        *stored = LastStored { reached: Some(time.reached()), at: Some(self.clock.running()) };
        Ok(())
    }

    /// Makes sure that the time in the store is later than `due`, which is a business time. Blocks.
    pub(crate) fn store_that_passed(&self, due: Timestamp) -> Result<(), ServiceError> {
        let stored = lock(&self.last_stored);
        let is_known = stored.reached.is_some_and(|reached| self.clock.business(reached) >= due);
        if is_known { Ok(()) } else { self.store(stored) }
    }

    /// Records how many keys the scheduler's pass held back.
    pub(crate) fn set_held(&self, keys: u64) {
        self.held.store(keys, Ordering::Relaxed);
    }
}
