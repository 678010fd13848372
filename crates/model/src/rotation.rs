//! Automatic rotation: its interval, and how metadata states it (rpc-api 8).

use claviger_base::Timestamp;
use claviger_base::limits::{ROTATION_INTERVAL_S_MAX, ROTATION_INTERVAL_S_MIN};

/// How often a key rotates automatically: whole seconds, from 7 to 730 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationInterval {
    seconds: u64,
}

impl RotationInterval {
    /// The interval, if it is within the limits of rpc-api 8.3.
    #[must_use]
    pub fn from_s(seconds: u64) -> Option<Self> {
        (ROTATION_INTERVAL_S_MIN..=ROTATION_INTERVAL_S_MAX).contains(&seconds).then_some(Self { seconds })
    }

    /// The interval in seconds, as answers state it (`604800s`).
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    pub(crate) fn after(self, last: Timestamp) -> Timestamp {
        last.plus_s(i64::try_from(self.seconds).unwrap_or(i64::MAX))
    }
}

/// The field `AutomaticRotation` of a key's metadata: rpc-api 8.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutomaticRotation {
    /// Automatic rotation is off.
    Disabled,
    /// It is on, and the key is enabled.
    Enabled,
    /// It is on, but the state of the key prevents it.
    Suspended,
}

impl AutomaticRotation {
    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "Disabled",
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_bounds() {
        assert_eq!(RotationInterval::from_s(7 * 86_400 - 1), None);
        assert_eq!(RotationInterval::from_s(730 * 86_400 + 1), None);
        assert_eq!(RotationInterval::from_s(0), None);
        assert_eq!(RotationInterval::from_s(7 * 86_400).unwrap().seconds(), 604_800);
        assert_eq!(RotationInterval::from_s(605_800).unwrap().seconds(), 605_800);
        assert!(RotationInterval::from_s(730 * 86_400).is_some());
    }
}
