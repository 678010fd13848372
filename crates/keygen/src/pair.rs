//! A finished key pair.

use claviger_base::SecretBytes;
use claviger_primes::EncodedKey;

/// A key pair in DER. `Debug` shows nothing of the private key.
#[derive(Debug)]
pub struct Pair {
    /// SubjectPublicKeyInfo, DER.
    pub(crate) public_key: Vec<u8>,
    /// PKCS#8, DER.
    pub(crate) private_key: SecretBytes,
}

impl Pair {
    /// SubjectPublicKeyInfo and PKCS#8, both DER.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, SecretBytes) {
        (self.public_key, self.private_key)
    }

    /// Moves the pair out of a value that is about to be dropped.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self { public_key: Vec::new(), private_key: SecretBytes::new(Vec::new()) };
        std::mem::replace(self, empty)
    }
}

impl From<EncodedKey> for Pair {
    fn from(key: EncodedKey) -> Self {
        Self { public_key: key.public_key, private_key: key.private_key }
    }
}
