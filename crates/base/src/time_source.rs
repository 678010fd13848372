//! Sources of time: the system, or a test.
//!
//! No setting of the program selects [`ManualTime`]: only code that links this crate can use it.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use crate::timestamp::Timestamp;

/// Two independent clocks.
pub trait TimeSource: fmt::Debug + Send + Sync {
    /// Real time. Whoever can set the machine's clock can move it in both directions.
    fn wall(&self) -> Timestamp;

    /// How long the process has run. It never goes back and cannot be set.
    fn running(&self) -> Duration;
}

/// The system's clocks.
#[derive(Debug)]
pub struct SystemTimeSource {
    started: Instant,
}

impl Default for SystemTimeSource {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl TimeSource for SystemTimeSource {
    fn wall(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }

    /// `CLOCK_MONOTONIC` on Linux, which stops while the machine sleeps.
    fn running(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Clocks that only move when a test moves them.
#[derive(Debug)]
pub struct ManualTime {
    now: Mutex<(Timestamp, Duration)>,
}

impl ManualTime {
    /// The clocks of a process that started at `wall`.
    #[must_use]
    pub fn at(wall: Timestamp) -> Self {
        Self { now: Mutex::new((wall, Duration::ZERO)) }
    }

    /// Lets time pass on both clocks.
    pub fn pass(&self, time: Duration) {
        self.change(|(wall, running)| {
            *wall = wall.plus_ms(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
            *running = running.saturating_add(time);
        });
    }

    /// Sets the wall clock, as an operator can.
    pub fn set_wall(&self, to: Timestamp) {
        self.change(|(wall, _running)| *wall = to);
    }

    fn change(&self, edit: impl FnOnce(&mut (Timestamp, Duration))) {
        edit(&mut self.now.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn now(&self) -> (Timestamp, Duration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TimeSource for ManualTime {
    fn wall(&self) -> Timestamp {
        self.now().0
    }

    fn running(&self) -> Duration {
        self.now().1
    }
}
