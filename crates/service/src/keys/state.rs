//! `DescribeKey`, `EnableKey`, `DisableKey`, `ScheduleKeyDeletion`, `CancelKeyDeletion`, `UpdateRotationPolicy`
//! (rpc-api 7.2, 8.3).

use claviger_base::limits::{PENDING_WINDOW_DAYS_MAX, PENDING_WINDOW_DAYS_MIN};
use claviger_model::{Key, KeyAction, KeyMaterial, KeyState, RotationInterval};

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_ref::KeyRef;
use crate::keys::edit::Replaced;
use crate::retry::until_done;
use crate::service::Service;

const DAY_S: i64 = 86_400;

impl Service {
    /// The key that `key` names. Blocks, as all below.
    ///
    /// # Errors
    /// [`ServiceError::KeyNotFound`], [`ServiceError::AliasNotFound`]; likewise all below.
    pub fn describe_key(&self, key: &KeyRef) -> Result<Key, ServiceError> {
        Ok(self.stored_key(key)?.record)
    }

    /// Makes a disabled key usable; nothing changes for an enabled one.
    ///
    /// # Errors
    /// [`ServiceError::State`].
    pub fn enable_key(&self, key: &KeyRef, intent: &Intent) -> Result<Key, ServiceError> {
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::EnableOrDisable)?;
            Ok(Key { state: KeyState::Enabled, ..key.clone() })
        })
    }

    /// Keeps a key from being used; nothing changes for a disabled one.
    ///
    /// # Errors
    /// [`ServiceError::State`].
    pub fn disable_key(&self, key: &KeyRef, intent: &Intent) -> Result<Key, ServiceError> {
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::EnableOrDisable)?;
            Ok(Key { state: KeyState::Disabled, ..key.clone() })
        })
    }

    /// Marks a key for destruction in `pending_window_days`, 7 to 366.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`], [`ServiceError::State`].
    pub fn schedule_key_deletion(
        &self,
        key: &KeyRef,
        pending_window_days: u32,
        intent: &Intent,
    ) -> Result<Key, ServiceError> {
        if !(PENDING_WINDOW_DAYS_MIN..=PENDING_WINDOW_DAYS_MAX).contains(&pending_window_days) {
            return Err(ServiceError::InvalidParameter("PendingWindowInDays"));
        }
        // From the later of the two times: under a clock that is behind, the window would be over already.
        let from = self.clock.now().max(self.trusted.now());
        let deletion = from.whole_second().plus_s(i64::from(pending_window_days) * DAY_S);
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::ScheduleDeletion)?;
            Ok(Key { state: KeyState::PendingDeletion, deletion: Some(deletion), ..key.clone() })
        })
    }

    /// Rescues a key from destruction; it is enabled again.
    ///
    /// # Errors
    /// [`ServiceError::State`].
    pub fn cancel_key_deletion(&self, key: &KeyRef, intent: &Intent) -> Result<Key, ServiceError> {
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::CancelDeletion)?;
            // Destruction begins with the oldest version. Where the trusted time was set back, by an operator or in
            // `dev`, its date may be ahead again.
            if matches!(self.vault.get::<KeyMaterial>(&key.initial_version), Ok(None)) {
                return Err(ServiceError::KeyNotFound);
            }
            Ok(Key { state: KeyState::Enabled, deletion: None, ..key.clone() })
        })
    }

    /// Sets how often a key rotates by itself. An interval that makes it due already rotates it at once.
    ///
    /// # Errors
    /// [`ServiceError::State`]; [`ServiceError::Unsupported`] for a key that cannot rotate.
    pub fn update_rotation_policy(
        &self,
        key: &KeyRef,
        interval: Option<RotationInterval>,
        intent: &Intent,
    ) -> Result<Key, ServiceError> {
        until_done(|| {
            let stored = self.stored_key(key)?;
            stored.record.state.allows(KeyAction::Rotate)?;
            if !stored.record.spec.is_symmetric() {
                return Err(ServiceError::Unsupported);
            }
            let edited = Key { rotation_interval: interval, ..stored.record.clone() };
            if !edited.is_rotation_due_at(self.clock.now()) {
                return self.try_edit(&stored, edited, intent);
            }
            // One change and one record, also where the key was due already.
            let (rotated, version) = self.rotated(&edited)?;
            let is_done = self.replace_key(&stored, &rotated, Some(&version), intent)? == Replaced::Done;
            Ok(is_done.then_some(rotated))
        })
    }
}
