//! Client keys: what an application holds to sign its requests (instance-api 1.9, rpc-api 13.3).
//!
//! Rule: the server keeps the public half alone; the private half leaves once, as PKCS#12 under the caller's password.

mod password;

use claviger_base::{SecretBytes, Timestamp};

use crate::certificate;
use crate::error::{GenerateFailed, SealFailed};
pub use crate::pkcs12::Pkcs12Rejected;
use crate::{pkcs12, rsa};
pub use password::{Password, PasswordRule, generate_password};

/// A client key just made.
#[derive(Debug)]
pub struct ClientKey {
    /// PKCS#12, DER: private key and certificate under the password. Base64 of it is `PrivateKeyData`.
    pub pkcs12_der: SecretBytes,
    /// The self-signed certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The public key as `SubjectPublicKeyInfo`, DER: what the server keeps.
    pub spki_der: Vec<u8>,
}

/// A client key read back.
#[derive(Debug)]
pub struct OpenedClientKey {
    /// The RSA private key as PKCS#8, DER; it parses.
    pub private_key_pkcs8: SecretBytes,
    /// The certificate, DER; `None` when its safe is under a cipher that is not spoken here (RC2-40).
    pub certificate_der: Option<Vec<u8>>,
}

/// Makes an RSA-2048 key, a certificate with subject `CN=<id>` valid between the two moments, and the file around both.
///
/// # Errors
/// [`GenerateFailed`] when the library makes no key, certificate or file, or there are no random bytes.
pub fn issue(
    id: &str,
    password: &Password,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<ClientKey, GenerateFailed> {
    let key = rsa::PrivateKey::generate_2048()?;
    let certificate_der = certificate::for_client(id, &key, not_before, not_after)?;
    let spki_der = key.spki_der().map_err(|_rejected| GenerateFailed)?;
    let pkcs8 = key.pkcs8_der().map_err(|_rejected| GenerateFailed)?;
    let pkcs12_der = pkcs12::seal(&pkcs8, &certificate_der, password.reveal()).map_err(|SealFailed| GenerateFailed)?;
    Ok(ClientKey { pkcs12_der, certificate_der, spki_der })
}

/// Opens a client key's file. Any password is tried, also one that would not be allowed for a new key.
///
/// # Errors
/// [`Pkcs12Rejected`] says whether the password or the file is at fault.
pub fn open(pkcs12_der: &[u8], password: &str) -> Result<OpenedClientKey, Pkcs12Rejected> {
    let contents = pkcs12::open(pkcs12_der, password)?;
    Ok(OpenedClientKey { private_key_pkcs8: contents.pkcs8, certificate_der: contents.certificate })
}
