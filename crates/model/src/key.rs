//! Keys without their material, and what follows from their state and dates.

use claviger_base::Timestamp;
use claviger_base::id::{KeyId, KeyVersionId};

use crate::key_spec::KeySpec;
use crate::key_state::KeyState;
use crate::key_usage::KeyUsage;
use crate::rotation::{AutomaticRotation, RotationInterval};

/// A key without its material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its spec.
    pub spec: KeySpec,
    /// What it may be used for.
    pub usage: KeyUsage,
    /// Its state.
    pub state: KeyState,
    /// A description by its owner, at most 8192 characters.
    pub description: String,
    /// The id of the access key that created it.
    pub creator: String,
    /// When it was created, in business time.
    pub created: Timestamp,
    /// When it will be destroyed; set only while `PendingDeletion`.
    pub deletion: Option<Timestamp>,
    /// How often it rotates automatically; `None` when automatic rotation is off.
    pub rotation_interval: Option<RotationInterval>,
    /// When the newest version was created.
    pub last_rotation: Timestamp,
    /// The first version. `GenerateDataKeyPair`, `Encrypt` and the other basic operations always use it.
    pub initial_version: KeyVersionId,
    /// The version that the Advance operations use.
    pub primary_version: KeyVersionId,
    /// How many versions have been created.
    pub version_count: u32,
}

impl Key {
    /// Whether the pending window of the key is over. From then on the key counts as destroyed, even if its material still
    /// exists.
    #[must_use]
    pub fn is_destruction_due_at(&self, now: Timestamp) -> bool {
        self.state == KeyState::PendingDeletion && self.deletion.is_some_and(|due| due <= now)
    }

    /// Whether the key rotates automatically or has been rotated. Basic operations always use the initial version, so rotation
    /// has no effect on them.
    #[must_use]
    pub fn is_rotating(&self) -> bool {
        self.spec.is_symmetric() && (self.rotation_interval.is_some() || self.primary_version != self.initial_version)
    }

    /// This key with a version added at `now`. It becomes the primary version of a symmetric key; versions of an asymmetric
    /// key are used only by name (rpc-api 8.4).
    #[must_use]
    pub fn rotated_at(&self, version: KeyVersionId, now: Timestamp) -> Self {
        Self {
            primary_version: if self.spec.is_symmetric() { version } else { self.primary_version.clone() },
            last_rotation: now.whole_second(),
            version_count: self.version_count.saturating_add(1),
            ..self.clone()
        }
    }

    /// Whether this key rotates automatically.
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

    /// `NextRotationDate`: last rotation plus interval, even while suspended; `None` when automatic rotation is off.
    #[must_use]
    pub fn next_rotation(&self) -> Option<Timestamp> {
        self.rotation_interval.map(|interval| interval.after(self.last_rotation))
    }

    /// Whether a new primary version is due at `now`. Only one version is created, however long ago it became due.
    #[must_use]
    pub fn is_rotation_due_at(&self, now: Timestamp) -> bool {
        self.automatic_rotation() == AutomaticRotation::Enabled && self.next_rotation().is_some_and(|due| due <= now)
    }

    /// When the scheduler must next rotate or destroy this key; `None` if never.
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

    const DAY: i64 = 86_400;

    fn days(count: u64) -> Option<RotationInterval> {
        RotationInterval::from_s(count * 86_400)
    }

    /// An enabled AES key made at `now`.
    fn key_at(now: Timestamp) -> Key {
        let id = KeyId::generate().unwrap();
        let version = KeyVersionId::generate(&id).unwrap();
        Key {
            id,
            spec: KeySpec::AliyunAes256,
            usage: KeyUsage::EncryptDecrypt,
            state: KeyState::Enabled,
            description: String::new(),
            creator: String::new(),
            created: now,
            deletion: None,
            rotation_interval: None,
            last_rotation: now,
            initial_version: version.clone(),
            primary_version: version,
            version_count: 1,
        }
    }

    #[test]
    fn rotation_keeps_the_initial_version() {
        let key = key_at(Timestamp::from_unix_s(1000));
        let second = KeyVersionId::generate(&key.id).unwrap();
        let rotated = key.rotated_at(second.clone(), Timestamp::from_unix_ms(2_000_500));
        assert_eq!(rotated.initial_version, key.initial_version);
        assert_eq!(rotated.primary_version, second);
        assert_eq!((rotated.version_count, rotated.last_rotation), (2, Timestamp::from_unix_s(2000)));
    }

    #[test]
    fn an_asymmetric_key_keeps_its_first_version_in_front() {
        let now = Timestamp::from_unix_s(1000);
        let key = Key { spec: KeySpec::EcP256, usage: KeyUsage::SignVerify, ..key_at(now) };
        let more = key.rotated_at(KeyVersionId::generate(&key.id).unwrap(), now);
        assert_eq!((&more.primary_version, more.version_count), (&key.primary_version, 2));
        assert!(!more.is_rotating());
    }

    #[test]
    fn a_key_is_rotating_once_it_can_or_did() {
        let now = Timestamp::from_unix_s(1000);
        let key = key_at(now);
        assert!(!key.is_rotating());
        assert!(key.rotated_at(KeyVersionId::generate(&key.id).unwrap(), now).is_rotating());
        assert!(Key { rotation_interval: RotationInterval::from_s(7 * 86_400), ..key }.is_rotating());
    }

    #[test]
    fn destruction_needs_both_the_state_and_the_date() {
        let now = Timestamp::from_unix_s(1000);
        let mut key = key_at(now);
        key.deletion = Some(now);
        assert!(!key.is_destruction_due_at(now));
        key.state = KeyState::PendingDeletion;
        assert!(key.is_destruction_due_at(now));
        assert!(!key.is_destruction_due_at(now.plus_s(-1)));
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
