//! Client keys, with which applications sign their requests (instance-api 1.9, rpc-api 13.3).
//!
//! Rule: the server keeps only the public key. The private key leaves it once, as PKCS#12 under the caller's password.

mod password;

use claviger_base::{SecretBytes, Timestamp};

use crate::certificate;
use crate::error::{GenerateFailed, SealFailed};
pub use crate::pkcs12::Pkcs12Rejected;
use crate::{pkcs12, rsa};
pub use password::{Password, PasswordRule, generate_password};

/// A new client key.
#[derive(Debug)]
pub struct ClientKey {
    /// PKCS#12, DER: private key and certificate under the password. Its Base64 is `PrivateKeyData`.
    pub pkcs12_der: SecretBytes,
    /// The self-signed certificate, DER.
    pub certificate_der: Vec<u8>,
    /// The public key as `SubjectPublicKeyInfo`, DER; the server keeps it.
    pub spki_der: Vec<u8>,
}

/// A client key read from its file.
#[derive(Debug)]
pub struct OpenedClientKey {
    /// The RSA private key as PKCS#8, DER; known to parse.
    pub private_key_pkcs8: SecretBytes,
    /// The certificate, DER; `None` if it is encrypted with an unsupported cipher (RC2-40).
    pub certificate_der: Option<Vec<u8>>,
}

/// Creates an RSA-2048 key, a certificate with subject `CN=<id>` and this validity, and the file that contains both.
///
/// ```
/// use claviger_base::Timestamp;
/// use claviger_crypto::client_key::{self, generate_password};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (start, end) = (Timestamp::from_unix_s(1_767_225_600), Timestamp::from_unix_s(1_798_761_600));
/// let password = generate_password()?;
/// let issued = client_key::issue("KAAP.example", &password, start, end)?;
/// let opened = client_key::open(issued.pkcs12_der.reveal(), password.reveal())?;
/// assert_eq!(opened.certificate_der, Some(issued.certificate_der));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`GenerateFailed`] if the library creates no key, certificate or file, or there are no random bytes.
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

/// Opens the file of a client key. Any password is tried, including one that a new key could not have.
///
/// # Errors
/// [`Pkcs12Rejected`] tells whether the password or the file is wrong.
pub fn open(pkcs12_der: &[u8], password: &str) -> Result<OpenedClientKey, Pkcs12Rejected> {
    let contents = pkcs12::open(pkcs12_der, password)?;
    Ok(OpenedClientKey { private_key_pkcs8: contents.pkcs8, certificate_der: contents.certificate })
}
