//! `CreateKey` (rpc-api 7.1, 5.1): keys with our own material, of every spec that lives in software.

use claviger_base::id::KeyId;
use claviger_base::limits::DESCRIPTION_CHARS_MAX;
use claviger_model::{Key, KeySpec, KeyState, KeyUsage, RotationInterval};
use claviger_vault::{Due, Outcome};

use crate::error::ServiceError;
use crate::intent::{Changed, Intent};
use crate::service::Service;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct CreateKey {
    /// The kind of key.
    pub spec: KeySpec,
    /// What it is for; `None` takes the spec's default.
    pub usage: Option<KeyUsage>,
    /// At most 8192 characters.
    pub description: String,
    /// How often it shall rotate by itself; `None`: not.
    pub rotation_interval: Option<RotationInterval>,
    /// Who makes it: an access key id.
    pub creator: String,
}

impl Service {
    /// Makes a key and its initial version, both durable or neither. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::Unsupported`] for a spec that lives in hardware only, a usage that the spec does not have, or a
    /// rotation of a key that cannot rotate;
    /// [`ServiceError::InvalidParameter`] for a description that is too long.
    pub fn create_key(&self, request: CreateKey, intent: &Intent) -> Result<Key, ServiceError> {
        let usage = request.usage.unwrap_or_else(|| request.spec.default_usage());
        let can_rotate = request.spec.is_symmetric() || request.rotation_interval.is_none();
        if !request.spec.is_software() || request.spec.algorithms(usage).is_empty() || !can_rotate {
            return Err(ServiceError::Unsupported);
        }
        if request.description.chars().count() > DESCRIPTION_CHARS_MAX {
            return Err(ServiceError::InvalidParameter("Description"));
        }
        let now = self.clock.now().whole_second();
        let id = KeyId::generate()?;
        let version = self.new_version(&id, request.spec, 1, now)?;
        let key = Key {
            spec: request.spec,
            usage,
            state: KeyState::Enabled,
            description: request.description,
            creator: request.creator,
            created: now,
            deletion: None,
            rotation_interval: request.rotation_interval,
            last_rotation: now,
            initial_version: version.version.id.clone(),
            primary_version: version.version.id.clone(),
            version_count: 1,
            id,
        };
        let mut change = self.vault.change().create(&key)?;
        change = change.create(&version)?.create(&version.version)?;
        if let Some(at) = key.due() {
            change = change.put(&Due { at, key: key.id.clone() })?;
        }
        let changed = Changed::key(&key.id).with_version(Some(&key.initial_version));
        match self.commit(change, intent, changed)? {
            Outcome::Done(_) => Ok(key),
            // 108 random bits were drawn twice, or the generator is broken.
            Outcome::Conflict => Err(ServiceError::Bug("a new key id exists already")),
        }
    }
}
