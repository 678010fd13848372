//! Versions of a key: each has material of its own, and none ever changes.

use claviger_base::id::{KeyId, KeyVersionId};
use claviger_base::{SecretBytes, Timestamp};

/// One version of a key, without its material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its id, unique in the whole instance: a ciphertext blob names it and nothing else.
    pub id: KeyVersionId,
    /// The key it belongs to.
    pub key: KeyId,
    /// 1 for the initial version, then counting up.
    pub number: u32,
    /// When it was made, business time.
    pub created: Timestamp,
}

/// A key version with its material. `Debug` shows no material.
#[derive(Debug)]
pub struct KeyMaterial {
    /// The version.
    pub version: KeyVersion,
    /// The bytes of a symmetric or HMAC key; of an asymmetric key PKCS#8 DER.
    pub material: SecretBytes,
}
