//! `UpdateKeyDescription` (rpc-api 7.2).

use claviger_model::{Key, KeyAction};

use crate::description::check_description;
use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_ref::KeyRef;
use crate::service::Service;

impl Service {
    /// Replaces the description of a key, at most 8192 characters; empty removes it. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::InvalidParameter`], [`ServiceError::State`], those of finding the key.
    pub fn update_key_description(
        &self,
        key: &KeyRef,
        description: &str,
        intent: &Intent,
    ) -> Result<Key, ServiceError> {
        check_description(description)?;
        self.edit_key(key, intent, |key| {
            key.state.allows(KeyAction::UpdateDescription)?;
            Ok(Key { description: description.to_owned(), ..key.clone() })
        })
    }
}
