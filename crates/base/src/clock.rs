//! The clocks of a server: real time to check the date of a request, business time for everything else, and the running
//! time of the process.
//!
//! Business time is real time plus an offset, which only `claviger dev` ever changes (`POST /dev/clock`).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::time_source::{SystemTimeSource, TimeSource};
use crate::timestamp::Timestamp;

/// The server's clocks. Clones share the same offset.
#[derive(Debug, Clone)]
pub struct Clock {
    source: Arc<dyn TimeSource>,
    offset_ms: Arc<AtomicI64>,
}

/// The system's clocks, with an offset of zero.
impl Default for Clock {
    fn default() -> Self {
        Self::with_source(Arc::new(SystemTimeSource::default()))
    }
}

impl Clock {
    /// A clock with another time source, for tests that control time.
    #[must_use]
    pub fn with_source(source: Arc<dyn TimeSource>) -> Self {
        Self { source, offset_ms: Arc::default() }
    }

    /// Real time: to check the date of a request, and for TLS.
    #[must_use]
    pub fn real_now(&self) -> Timestamp {
        self.source.wall()
    }

    /// Business time: for rotation, validity, and every date in an answer. Keys are destroyed by the trusted time of
    /// `claviger_service` instead.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.business(self.real_now())
    }

    /// The business time at real time `real`.
    #[must_use]
    pub fn business(&self, real: Timestamp) -> Timestamp {
        Timestamp::from_unix_ms(real.unix_ms().saturating_add(self.offset_ms()))
    }

    /// How long this process has run, by a clock that cannot be set and that stops while the machine sleeps.
    #[must_use]
    pub fn running(&self) -> Duration {
        self.source.running()
    }

    /// How far business time is ahead of real time, milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::SeqCst)
    }

    /// Sets the offset of business time from real time, milliseconds.
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
