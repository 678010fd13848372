//! Time: real time for the check of a request's own date, business time for everything else, and how long this process
//! has run.
//!
//! Business time is real time plus an offset that only `claviger dev` ever changes (`POST /dev/clock`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::time_source::{SystemTimeSource, TimeSource};
use crate::timestamp::Timestamp;

/// The server's clocks, shared by every room that needs *now*. Clones move together.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Arc<dyn TimeSource>,
    offset_ms: Arc<AtomicI64>,
}

/// The system's clocks, business time not moved.
impl Default for Clock {
    fn default() -> Self {
        Self::over(Arc::new(SystemTimeSource::default()))
    }
}

impl Clock {
    /// A clock over another source than the system's, for tests that move time.
    #[must_use]
    pub fn over(source: Arc<dyn TimeSource>) -> Self {
        Self { source, offset_ms: Arc::default() }
    }

    /// Real time: for the check of a request's own date, and for TLS.
    #[must_use]
    pub fn real_now(&self) -> Timestamp {
        self.source.wall()
    }

    /// Business time: rotation, validity, and every date in an answer. Destruction has a more careful one.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.business(self.real_now())
    }

    /// The business time at the real time `real`.
    #[must_use]
    pub fn business(&self, real: Timestamp) -> Timestamp {
        Timestamp::from_unix_ms(real.unix_ms().saturating_add(self.offset_ms()))
    }

    /// How long this process has run, by a clock that nobody sets and that stands still while the machine sleeps.
    #[must_use]
    pub fn running(&self) -> Duration {
        self.source.running()
    }

    /// How far business time is ahead of real time, milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Moves business time to `offset_ms` ahead of real time.
    pub fn set_offset_ms(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
    }

    /// Moves business time forward. Returns the new offset, milliseconds.
    pub fn advance_s(&self, seconds: u64) -> i64 {
        let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        let add = |offset: i64| Some(offset.saturating_add(ms));
        self.offset_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add).unwrap_or_default().saturating_add(ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_time_moves_and_real_time_does_not() {
        let clock = Clock::default();
        let same = clock.clone();
        let before = clock.real_now();
        assert_eq!(clock.advance_s(8 * 86_400), 691_200_000);
        assert!(same.now() >= before.plus_s(8 * 86_400));
        assert!(same.real_now() < before.plus_s(86_400));
    }

    #[test]
    fn business_time_goes_back_to_real_time() {
        let clock = Clock::default();
        clock.advance_s(8 * 86_400);
        clock.set_offset_ms(0);
        assert!(clock.now() < clock.real_now().plus_s(1));
    }
}
