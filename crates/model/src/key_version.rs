//! Versions of a key. Each has its own material, which never changes.

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::{SecretBytes, Timestamp};

/// One version of a key, without its material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its id, unique in the instance. A ciphertext blob contains it, but not the id of the key.
    pub id: KeyVersionId,
    /// The key it belongs to.
    pub key: KeyId,
    /// Its number, counted from 1.
    pub number: u32,
    /// When it was created, in business time.
    pub created: Timestamp,
}

/// A key version with its material, which `Debug` does not show.
#[derive(Debug)]
pub struct KeyMaterial {
    /// The version.
    pub version: KeyVersion,
    /// The key bytes of a symmetric or HMAC key, or the PKCS#8 DER of an asymmetric one.
    pub material: SecretBytes,
}
