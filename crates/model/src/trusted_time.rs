//! The time by which keys are destroyed. It never runs ahead of the time that a server has seen pass.
//!
//! A wall clock may be wrong at a start, and destruction cannot be undone. The trusted time therefore advances only while the
//! server runs, and never beyond the wall clock. When the wall clock is ahead (no server ran for a while, or somebody set the
//! clock), its lead is accepted once it has lasted for 24 hours of running. The smallest lead of each half hour of running is
//! kept, so that neither a restart nor another jump changes the wait. While the wall clock is behind, the trusted time stands
//! still.

use std::collections::VecDeque;

use claviger_base::Timestamp;

/// The length of a span of running time. Only the smallest lead of each span is kept.
const SPAN_MS: i64 = 30 * 60 * 1000;
/// How many whole spans a lead must last before it is accepted: 24 hours.
const SPANS: usize = 48;
/// A difference of up to an hour is not reported: it delays destruction by no more than an hour.
const TOLERANCE_MS: i64 = 60 * 60 * 1000;

/// The trusted time, with the leads that decide how it advances. All times are real times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedTime {
    reached: Timestamp,
    /// The smallest lead of each span; the current span is last.
    leads_ms: VecDeque<i64>,
    /// How much of the current span has passed.
    filled_ms: i64,
    /// An operator confirmed the clock, and the audit log has not recorded that yet.
    is_newly_confirmed: bool,
}

/// Why destruction is on hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The wall clock is ahead of the trusted time.
    Ahead {
        /// By how much, milliseconds.
        by_ms: i64,
        /// How much longer a server must run until the wall clock is accepted, milliseconds.
        running_ms: i64,
    },
    /// The wall clock is behind the trusted time, which stands still.
    Behind {
        /// By how much, milliseconds.
        by_ms: i64,
    },
}

impl TrustedTime {
    /// A trusted time of `at`, without leads.
    #[must_use]
    pub const fn starting_at(at: Timestamp) -> Self {
        Self { reached: at, leads_ms: VecDeque::new(), filled_ms: 0, is_newly_confirmed: false }
    }

    /// A trusted time of `at` that an operator has confirmed. The audit log must still record that.
    #[must_use]
    pub fn confirmed_at(at: Timestamp) -> Self {
        Self { is_newly_confirmed: true, ..Self::starting_at(at) }
    }

    /// Restarts at `at` without leads. A confirmation that is not recorded yet is kept.
    pub fn restart_at(&mut self, at: Timestamp) {
        *self = Self { is_newly_confirmed: self.is_newly_confirmed, ..Self::starting_at(at) };
    }

    /// Call once the audit log has recorded the confirmation.
    pub fn forget_confirmation(&mut self) {
        self.is_newly_confirmed = false;
    }

    /// Sets whether the audit log must still record a confirmation.
    #[must_use]
    pub fn with_newly_confirmed(self, is_newly_confirmed: bool) -> Self {
        Self { is_newly_confirmed, ..self }
    }

    /// Whether an operator confirmed the clock and the audit log has not recorded that yet.
    #[must_use]
    pub const fn is_newly_confirmed(&self) -> bool {
        self.is_newly_confirmed
    }

    /// Restores what [`Self::reached`], [`Self::leads_ms`] and [`Self::filled_ms`] returned.
    #[must_use]
    pub fn restored(reached: Timestamp, leads_ms: impl IntoIterator<Item = i64>, filled_ms: i64) -> Self {
        let mut leads_ms: VecDeque<i64> = leads_ms.into_iter().map(|lead| lead.max(0)).collect();
        while leads_ms.len() > SPANS + 1 {
            leads_ms.pop_front();
        }
        Self { reached, leads_ms, filled_ms: filled_ms.clamp(0, SPAN_MS), is_newly_confirmed: false }
    }

    /// The trusted time.
    #[must_use]
    pub const fn reached(&self) -> Timestamp {
        self.reached
    }

    /// The smallest lead of each kept half hour of running, milliseconds; the current one is last.
    pub fn leads_ms(&self) -> impl Iterator<Item = i64> + '_ {
        self.leads_ms.iter().copied()
    }

    /// How much of the current half hour has passed, milliseconds.
    #[must_use]
    pub const fn filled_ms(&self) -> i64 {
        self.filled_ms
    }

    /// Takes a reading of the wall clock, `ran_ms` of running time after the last one.
    pub fn observe(&mut self, wall: Timestamp, ran_ms: i64) {
        let ran_ms = ran_ms.max(0);
        self.reached = self.reached.plus_ms(ran_ms).min(wall).max(self.reached);
        let lead_ms = wall.ms_since(self.reached).max(0);
        match self.leads_ms.back_mut() {
            Some(last) => *last = lead_ms.min(*last),
            None => self.leads_ms.push_back(lead_ms),
        }
        // The time between two readings counts as at most one span: the wall clock was not observed in between.
        self.filled_ms += ran_ms.min(SPAN_MS);
        if self.filled_ms >= SPAN_MS {
            self.filled_ms -= SPAN_MS;
            self.leads_ms.push_back(lead_ms);
            if self.leads_ms.len() > SPANS + 1 {
                self.leads_ms.pop_front();
            }
        }
        self.believe();
    }

    /// Accepts the smallest lead of the last 24 hours of running.
    fn believe(&mut self) {
        let is_long_enough = self.leads_ms.len() > SPANS;
        let Some(believed) = self.leads_ms.iter().copied().min().filter(|_| is_long_enough) else { return };
        self.reached = self.reached.plus_ms(believed);
        self.leads_ms.iter_mut().for_each(|lead| *lead -= believed);
    }

    /// Why destruction is on hold at wall clock time `wall`; `None` when the difference is within the tolerance.
    #[must_use]
    pub fn hold(&self, wall: Timestamp) -> Option<Hold> {
        let by_ms = wall.ms_since(self.reached);
        if by_ms < -TOLERANCE_MS {
            return Some(Hold::Behind { by_ms: by_ms.saturating_neg() });
        }
        (by_ms > TOLERANCE_MS).then(|| Hold::Ahead { by_ms, running_ms: self.running_until_believed(by_ms) })
    }

    /// How long a server must run until every kept span has a lead of at least `by_ms` minus the tolerance.
    fn running_until_believed(&self, by_ms: i64) -> i64 {
        let is_smaller = |lead: &i64| *lead < by_ms.saturating_sub(TOLERANCE_MS);
        let newest = self.leads_ms.iter().rev().position(is_smaller);
        let spans = newest.map_or((SPANS + 1).saturating_sub(self.leads_ms.len()), |age| SPANS + 1 - age.min(SPANS));
        (SPAN_MS * i64::try_from(spans).unwrap_or(0)).saturating_sub(self.filled_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a lead must last before it is accepted.
    const HELD_MS: i64 = SPAN_MS * SPANS as i64;
    const MINUTE_MS: i64 = 60_000;
    const HOUR_MS: i64 = 60 * MINUTE_MS;
    const DAY_MS: i64 = 24 * HOUR_MS;

    /// A server whose wall clock follows time, except where a test sets it.
    struct Running {
        time: TrustedTime,
        wall: Timestamp,
    }

    impl Running {
        /// A server that has run for two days with a correct clock.
        fn new() -> Self {
            let start = Timestamp::from_unix_s(1_800_000_000);
            let mut running = Self { time: TrustedTime::starting_at(start), wall: start };
            running.run(2 * DAY_MS);
            assert_eq!(running.lag_ms(), 0);
            running
        }

        fn run(&mut self, ms: i64) {
            for _ in 0..ms / MINUTE_MS {
                self.wall = self.wall.plus_ms(MINUTE_MS);
                self.time.observe(self.wall, MINUTE_MS);
            }
        }

        fn jump(&mut self, ms: i64) {
            self.wall = self.wall.plus_ms(ms);
            self.time.observe(self.wall, 0);
        }

        fn restart(&mut self) {
            let (leads, filled) = (self.time.leads_ms().collect::<Vec<_>>(), self.time.filled_ms());
            self.time = TrustedTime::restored(self.time.reached(), leads, filled);
        }

        fn lag_ms(&self) -> i64 {
            self.wall.ms_since(self.time.reached())
        }

        /// How long it runs until it has accepted the wall clock, within the tolerance.
        fn until_believed_ms(&mut self) -> i64 {
            let mut ran = 0;
            while self.lag_ms() > TOLERANCE_MS {
                self.run(MINUTE_MS);
                ran += MINUTE_MS;
                assert!(ran < 30 * DAY_MS, "never believed");
            }
            ran
        }
    }

    #[test]
    fn a_jump_is_believed_after_a_day_of_running_and_not_before() {
        let mut server = Running::new();
        server.jump(31 * DAY_MS);
        assert_eq!(server.lag_ms(), 31 * DAY_MS);
        server.run(HELD_MS - MINUTE_MS);
        assert_eq!(server.lag_ms(), 31 * DAY_MS, "the trusted time goes on as the server runs, no faster");
        server.run(31 * MINUTE_MS);
        assert_eq!(server.lag_ms(), 0);
    }

    #[test]
    fn the_wait_is_told_beforehand() {
        let mut server = Running::new();
        server.run(7 * MINUTE_MS);
        assert_eq!(server.time.hold(server.wall), None);
        server.jump(31 * DAY_MS);
        for ran_before in [0, 5 * HOUR_MS, 18 * HOUR_MS] {
            server.run(ran_before);
            let Some(Hold::Ahead { by_ms, running_ms }) = server.time.hold(server.wall) else { panic!("no hold") };
            assert_eq!(by_ms, 31 * DAY_MS);
            let mut ahead = Running { time: server.time.clone(), wall: server.wall };
            assert_eq!(ahead.until_believed_ms(), running_ms);
        }
    }

    #[test]
    fn a_new_instance_tells_the_wait_too() {
        let start = Timestamp::from_unix_s(1_800_000_000);
        let mut server = Running { time: TrustedTime::starting_at(start), wall: start };
        server.jump(400 * DAY_MS);
        let Some(Hold::Ahead { running_ms, .. }) = server.time.hold(server.wall) else { panic!("no hold") };
        assert_eq!((running_ms, server.until_believed_ms()), (HELD_MS, HELD_MS));
    }

    #[test]
    fn a_clock_put_right_again_leaves_no_trace() {
        let mut server = Running::new();
        server.jump(31 * DAY_MS);
        server.run(23 * HOUR_MS);
        server.jump(-31 * DAY_MS);
        assert_eq!((server.lag_ms(), server.time.hold(server.wall)), (0, None));
        server.run(3 * DAY_MS);
        assert_eq!(server.lag_ms(), 0);
        // A clock that is ahead most of the time is not ahead all the time.
        for _ in 0..5 {
            server.jump(31 * DAY_MS);
            server.run(20 * HOUR_MS);
            assert_eq!(server.lag_ms(), 31 * DAY_MS);
            server.jump(-31 * DAY_MS);
            server.run(MINUTE_MS);
        }
    }

    #[test]
    fn restarts_neither_shorten_nor_lengthen_the_wait() {
        let mut server = Running::new();
        server.jump(31 * DAY_MS);
        for _ in 0..10_000 {
            server.restart();
            server.time.observe(server.wall, 0);
        }
        assert_eq!(server.lag_ms(), 31 * DAY_MS, "a restart is no running");
        let mut ran = 0;
        while server.lag_ms() > 0 {
            server.run(7 * MINUTE_MS);
            server.restart();
            ran += 7 * MINUTE_MS;
            assert!(ran < 25 * HOUR_MS);
        }
        assert!(ran >= HELD_MS, "{ran}");
    }

    #[test]
    fn a_second_jump_waits_its_own_day() {
        let mut server = Running::new();
        server.jump(2 * HOUR_MS);
        server.run(23 * HOUR_MS);
        server.jump(31 * DAY_MS);
        server.run(2 * HOUR_MS);
        assert_eq!(server.lag_ms(), 31 * DAY_MS, "the first is believed, the second is not");
        server.run(HELD_MS - 2 * HOUR_MS - MINUTE_MS);
        assert_eq!(server.lag_ms(), 31 * DAY_MS);
        server.run(31 * MINUTE_MS);
        assert_eq!(server.lag_ms(), 0);
    }

    #[test]
    fn a_machine_that_is_off_at_night_catches_up_all_the_same() {
        let mut server = Running::new();
        for _ in 0..30 {
            server.run(8 * HOUR_MS);
            server.restart();
            server.jump(16 * HOUR_MS);
        }
        assert!(server.lag_ms() <= 4 * 16 * HOUR_MS, "{} h", server.lag_ms() / HOUR_MS);
    }

    #[test]
    fn small_jumps_are_not_believed_faster_for_being_many() {
        let mut server = Running::new();
        for _ in 0..1_000 {
            server.restart();
            server.jump(50 * MINUTE_MS);
            server.run(MINUTE_MS);
        }
        assert!(server.lag_ms() >= 1_000 * 50 * MINUTE_MS - 50 * MINUTE_MS, "{} min", server.lag_ms() / MINUTE_MS);
    }

    #[test]
    fn the_trusted_time_never_goes_back() {
        let mut server = Running::new();
        let before = server.time.reached();
        server.jump(-40 * DAY_MS);
        server.run(DAY_MS);
        assert_eq!(server.time.reached(), before);
        let by_ms = 39 * DAY_MS;
        assert_eq!(server.time.hold(server.wall), Some(Hold::Behind { by_ms }));
        server.jump(by_ms);
        server.run(10 * MINUTE_MS);
        assert_eq!(server.time.hold(server.wall), None);
        assert!(server.time.reached() > before, "it goes on where the wall clock has caught up");
    }

    #[test]
    fn a_clock_that_is_slowed_or_hurried_a_little_is_followed() {
        let mut server = Running::new();
        for rate in [59_970, 60_030] {
            for _ in 0..3 * 24 * 60 {
                server.wall = server.wall.plus_ms(rate);
                server.time.observe(server.wall, MINUTE_MS);
                assert!((0..=MINUTE_MS).contains(&server.lag_ms()), "{}", server.lag_ms());
            }
        }
    }

    #[test]
    fn nobody_saw_the_clock_in_a_long_pause() {
        let mut server = Running::new();
        server.jump(31 * DAY_MS);
        server.wall = server.wall.plus_ms(3 * DAY_MS);
        server.time.observe(server.wall, 3 * DAY_MS);
        assert_eq!(server.lag_ms(), 31 * DAY_MS);
    }
}
