//! `DescribeKey`, `EnableKey`, `DisableKey` (rpc-api 7.2).

use claviger_model::{Key, KeyAction, KeyState};

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_ref::KeyRef;
use crate::service::Service;

impl Service {
    /// The key that `key` names. Blocks, as do all functions below.
    ///
    /// # Errors
    /// [`ServiceError::KeyNotFound`], [`ServiceError::AliasNotFound`]. All functions below return these errors, too.
    pub fn describe_key(&self, key: &KeyRef) -> Result<Key, ServiceError> {
        Ok(self.stored_key(key)?.record)
    }

    /// Makes a disabled key usable; an enabled key stays as it is.
    ///
    /// # Errors
    /// [`ServiceError::State`].
    pub fn enable_key(&self, key: &KeyRef, intent: &Intent) -> Result<Key, ServiceError> {
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::EnableOrDisable)?;
            Ok(Key { state: KeyState::Enabled, ..key.clone() })
        })
    }

    /// Makes a key unusable; a disabled key stays as it is.
    ///
    /// # Errors
    /// [`ServiceError::State`].
    pub fn disable_key(&self, key: &KeyRef, intent: &Intent) -> Result<Key, ServiceError> {
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::EnableOrDisable)?;
            Ok(Key { state: KeyState::Disabled, ..key.clone() })
        })
    }
}
