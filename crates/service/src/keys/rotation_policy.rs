//! `UpdateRotationPolicy` (rpc-api 8.3).

use claviger_model::{Key, KeyAction, RotationInterval};
use claviger_vault::Outcome;

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_ref::KeyRef;
use crate::retry::retry_on_conflict;
use crate::service::Service;

impl Service {
    /// Sets how often a key rotates automatically; `None` turns rotation off. If the new interval is over already, the key
    /// rotates at once. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::State`]; [`ServiceError::Unsupported`] for a key that cannot rotate; those of finding the key.
    pub fn update_rotation_policy(
        &self,
        key: &KeyRef,
        interval: Option<RotationInterval>,
        intent: &Intent,
    ) -> Result<Key, ServiceError> {
        retry_on_conflict(|| {
            let stored = self.stored_key(key)?;
            stored.record.state.allows(KeyAction::Rotate)?;
            if !stored.record.spec.is_symmetric() {
                return Err(ServiceError::Unsupported);
            }
            let edited = Key { rotation_interval: interval, ..stored.record.clone() };
            if !edited.is_rotation_due_at(self.clock.now()) {
                return self.try_edit(&stored, edited, intent);
            }
            // The new interval and the rotation are one change with one audit record.
            let (rotated, version) = self.with_new_version(&edited)?;
            let outcome = self.replace_key(&stored, &rotated, Some(&version), intent)?;
            Ok(matches!(outcome, Outcome::Done(_)).then_some(rotated))
        })
    }
}
