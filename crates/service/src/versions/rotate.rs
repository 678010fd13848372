//! Rotation: a new primary version with fresh material.

use claviger_base::Timestamp;
use claviger_base::id::{KeyId, KeyVersionId};
use claviger_model::{Key, KeyAction, KeyMaterial, KeySpec, KeyVersion};
use claviger_vault::{Outcome, Stored};

use crate::error::ServiceError;
use crate::intent::Intent;
use crate::key_material::generate;
use crate::service::Service;

impl Service {
    /// One attempt to make a new primary version; `None` on a conflict. Blocks, as do all functions below.
    pub(crate) fn try_rotate(&self, stored: &Stored<Key>, intent: &Intent) -> Result<Option<KeyVersion>, ServiceError> {
        let key = &stored.record;
        key.state.allows(KeyAction::Rotate)?;
        // rpc-api 8.4: symmetric keys rotate; asymmetric keys get one more version, which callers can name; HMAC keys do neither.
        if !key.spec.is_symmetric() && !key.spec.is_asymmetric() {
            return Err(ServiceError::Unsupported);
        }
        let (rotated, version) = self.with_new_version(key)?;
        match self.replace_key(stored, &rotated, Some(&version), intent)? {
            Outcome::Done(_) => Ok(Some(version.version)),
            Outcome::Conflict => Ok(None),
        }
    }

    /// `key` with a new primary version, and that version. Nothing is stored.
    pub(crate) fn with_new_version(&self, key: &Key) -> Result<(Key, KeyMaterial), ServiceError> {
        let now = self.clock.now();
        let number = key.version_count.checked_add(1).ok_or(ServiceError::Unsupported)?;
        let version = self.new_version(&key.id, key.spec, number, now)?;
        Ok((key.rotated_at(version.version.id.clone(), now), version))
    }

    /// A version of `key` with fresh material. Nothing is stored.
    pub(crate) fn new_version(
        &self,
        key: &KeyId,
        spec: KeySpec,
        number: u32,
        now: Timestamp,
    ) -> Result<KeyMaterial, ServiceError> {
        let id = KeyVersionId::generate(key)?;
        let version = KeyVersion { id, key: key.clone(), number, created: now.whole_second() };
        Ok(KeyMaterial { version, material: generate::material(spec, &self.generator)? })
    }
}
