//! Automatic rotation: when a key is due, and what its metadata says about it (rpc-api 8).

use claviger_base::Timestamp;
use claviger_base::limits::{ROTATION_INTERVAL_S_MAX, ROTATION_INTERVAL_S_MIN};

use crate::key::Key;
use crate::state::KeyState;

/// How often a key rotates by itself: whole seconds, 7 to 730 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationInterval {
    seconds: u64,
}

impl RotationInterval {
    /// The interval, if it is within the bounds of rpc-api 8.3.
    #[must_use]
    pub fn from_s(seconds: u64) -> Option<Self> {
        (ROTATION_INTERVAL_S_MIN..=ROTATION_INTERVAL_S_MAX).contains(&seconds).then_some(Self { seconds })
    }

    /// In seconds, the form that answers use (`604800s`).
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    fn after(self, last: Timestamp) -> Timestamp {
        last.plus_s(i64::try_from(self.seconds).unwrap_or(i64::MAX))
    }
}

/// The field `AutomaticRotation` of a key's metadata: rpc-api 8.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutomaticRotation {
    /// The policy is off.
    Disabled,
    /// The policy is on and the key is enabled.
    Enabled,
    /// The policy is on, but the key's state keeps it from rotating.
    Suspended,
}

impl AutomaticRotation {
    /// The API's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "Disabled",
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

impl Key {
    /// Whether and how this key rotates by itself.
    #[must_use]
    pub fn automatic_rotation(&self) -> AutomaticRotation {
        match (self.rotation_interval, self.state) {
            (None, _) => AutomaticRotation::Disabled,
            (Some(_), KeyState::Enabled) => AutomaticRotation::Enabled,
            (Some(_), KeyState::Disabled | KeyState::PendingDeletion | KeyState::PendingImport) => {
                AutomaticRotation::Suspended
            }
        }
    }

    /// `NextRotationDate`: last rotation plus interval, also while suspended; `None` when the policy is off.
    #[must_use]
    pub fn next_rotation(&self) -> Option<Timestamp> {
        self.rotation_interval.map(|interval| interval.after(self.last_rotation))
    }

    /// Whether a new primary version must be made at `now`. However long ago the due date was, one version is made.
    #[must_use]
    pub fn is_rotation_due_at(&self, now: Timestamp) -> bool {
        self.automatic_rotation() == AutomaticRotation::Enabled && self.next_rotation().is_some_and(|due| due <= now)
    }

    /// When the scheduler must look at this key next: its rotation or its destruction. `None`: never.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self.state {
            KeyState::PendingDeletion => self.deletion,
            KeyState::Enabled => self.next_rotation(),
            KeyState::Disabled | KeyState::PendingImport => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::tests::key_at;

    const DAY: i64 = 86_400;

    fn days(count: u64) -> Option<RotationInterval> {
        RotationInterval::from_s(count * 86_400)
    }

    #[test]
    fn interval_bounds() {
        assert_eq!(RotationInterval::from_s(7 * 86_400 - 1), None);
        assert_eq!(RotationInterval::from_s(730 * 86_400 + 1), None);
        assert_eq!(RotationInterval::from_s(0), None);
        assert_eq!(days(7).unwrap().seconds(), 604_800);
        assert_eq!(RotationInterval::from_s(605_800).unwrap().seconds(), 605_800);
        assert!(days(730).is_some());
    }

    #[test]
    fn due_exactly_at_the_date_and_not_a_moment_before() {
        let start = Timestamp::from_unix_s(1_000_000);
        let mut key = key_at(start);
        assert!(!key.is_rotation_due_at(start.plus_s(10_000 * DAY)));
        key.rotation_interval = days(7);
        assert_eq!(key.next_rotation(), Some(start.plus_s(7 * DAY)));
        assert!(!key.is_rotation_due_at(Timestamp::from_unix_ms(start.plus_s(7 * DAY).unix_ms() - 1)));
        assert!(key.is_rotation_due_at(start.plus_s(7 * DAY)));
        assert!(key.is_rotation_due_at(start.plus_s(700 * DAY)));
    }

    #[test]
    fn a_suspended_key_is_not_due_and_resumes_overdue() {
        let start = Timestamp::from_unix_s(1_000_000);
        let mut key = key_at(start);
        key.rotation_interval = days(7);
        for state in [KeyState::Disabled, KeyState::PendingDeletion, KeyState::PendingImport] {
            key.state = state;
            assert_eq!(key.automatic_rotation(), AutomaticRotation::Suspended);
            assert!(!key.is_rotation_due_at(start.plus_s(30 * DAY)));
            assert_eq!(key.next_rotation(), Some(start.plus_s(7 * DAY)));
        }
        key.state = KeyState::Enabled;
        assert!(key.is_rotation_due_at(start.plus_s(30 * DAY)));
    }

    #[test]
    fn the_scheduler_looks_at_deletion_before_rotation() {
        let start = Timestamp::from_unix_s(1_000_000);
        let mut key = key_at(start);
        assert_eq!(key.due(), None);
        key.rotation_interval = days(7);
        assert_eq!(key.due(), Some(start.plus_s(7 * DAY)));
        key.state = KeyState::PendingDeletion;
        key.deletion = Some(start.plus_s(DAY));
        assert_eq!(key.due(), Some(start.plus_s(DAY)));
        key.state = KeyState::Disabled;
        assert_eq!(key.due(), None);
    }
}
