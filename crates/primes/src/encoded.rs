//! The form in which a key leaves this crate.

use claviger_base::SecretBytes;

/// An RSA key pair in DER. `Debug` shows nothing of the private key.
#[derive(Debug)]
pub struct EncodedKey {
    /// SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// PKCS#8.
    pub private_key: SecretBytes,
}
