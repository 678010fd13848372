//! `CreateKey` (rpc-api 7.1, 5.1): keys whose material is generated here, of every spec that software implements.

use claviger_base::id::KeyId;
use claviger_model::{Key, KeySpec, KeyState, KeyUsage, RotationInterval};
use claviger_vault::{Due, Outcome};

use crate::description::check_description;
use crate::error::ServiceError;
use crate::intent::{Intent, Subject};
use crate::service::Service;

/// A request for a key.
#[derive(Debug, Clone)]
pub struct CreateKey {
    /// The kind of key.
    pub spec: KeySpec,
    /// Its usage; `None` takes the spec's default.
    pub usage: Option<KeyUsage>,
    /// At most 8192 characters.
    pub description: String,
    /// How often it rotates automatically; `None`: never.
    pub rotation_interval: Option<RotationInterval>,
    /// The access key id of the caller.
    pub creator: String,
}

impl Service {
    /// Creates a key and its initial version, both in one commit. Blocks.
    ///
    /// # Errors
    /// [`ServiceError::Unsupported`] for a spec that only hardware implements, for a usage that the spec does not have, and
    /// for rotation of a key that cannot rotate; [`ServiceError::InvalidParameter`] for a description that is too long.
    pub fn create_key(&self, request: CreateKey, intent: &Intent) -> Result<Key, ServiceError> {
        let usage = request.usage.unwrap_or_else(|| request.spec.default_usage());
        let can_rotate = request.spec.is_symmetric() || request.rotation_interval.is_none();
        if !request.spec.is_software() || request.spec.algorithms(usage).is_empty() || !can_rotate {
            return Err(ServiceError::Unsupported);
        }
        check_description(&request.description)?;
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
        let subject = Subject::key(&key.id).with_version(Some(&key.initial_version));
        match self.commit(change, intent, subject)? {
            Outcome::Done(_) => Ok(key),
            // Either 108 random bits repeated, or the random generator is broken.
            Outcome::Conflict => Err(ServiceError::Bug("a new key id exists already")),
        }
    }
}
