//! `ScheduleKeyDeletion`, `CancelKeyDeletion` (rpc-api 7.2).

use claviger_base::limits::{PENDING_WINDOW_DAYS_MAX, PENDING_WINDOW_DAYS_MIN};
use claviger_model::{Key, KeyAction, KeyMaterial, KeyState};

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_ref::KeyRef;
use crate::service::Service;

const DAY_S: i64 = 86_400;

impl Service {
    /// Marks a key for destruction in `pending_window_days`, 7 to 366. Blocks, as do all functions below.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`], [`ServiceError::State`], those of finding the key.
    pub fn schedule_key_deletion(
        &self,
        key: &KeyRef,
        pending_window_days: u32,
        intent: &Intent,
    ) -> Result<Key, ServiceError> {
        if !(PENDING_WINDOW_DAYS_MIN..=PENDING_WINDOW_DAYS_MAX).contains(&pending_window_days) {
            return Err(ServiceError::InvalidParameter("PendingWindowInDays"));
        }
        // Counted from the later of the two times: a window that began at the time of a clock that is behind could be over
        // already.
        let from = self.clock.now().max(self.trusted.now());
        let deletion = from.whole_second().plus_s(i64::from(pending_window_days) * DAY_S);
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::ScheduleDeletion)?;
            Ok(Key { state: KeyState::PendingDeletion, deletion: Some(deletion), ..key.clone() })
        })
    }

    /// Cancels the destruction of a key and enables it again.
    ///
    /// # Errors
    /// [`ServiceError::State`], those of finding the key.
    pub fn cancel_key_deletion(&self, key: &KeyRef, intent: &Intent) -> Result<Key, ServiceError> {
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::CancelDeletion)?;
            // After an operator or `dev` has set the trusted time back, the date may lie ahead again although destruction has
            // begun. Destruction begins with the oldest version.
            if matches!(self.vault.get::<KeyMaterial>(&key.initial_version), Ok(None)) {
                return Err(ServiceError::KeyNotFound);
            }
            Ok(Key { state: KeyState::Enabled, deletion: None, ..key.clone() })
        })
    }
}
