//! The files with the first credentials of a new instance: `ca.pem`, `client-key.json`, `client-key-password.txt` and
//! `access-key.json`. Only their owner can read them, except for `ca.pem`. `dev` writes them to its data directory. `init` writes
//! them to a separate credentials directory, because backups copy the data directory; `ca.pem` lies in both.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_service::FirstStart;
use claviger_vault::{Existing, place_file};
use zeroize::Zeroizing;

use crate::error::StartError;

pub(crate) const NAMES: [&str; 4] = [CA, "client-key.json", "client-key-password.txt", "access-key.json"];
const CA: &str = "ca.pem";

/// Writes the files, each of them atomically.
pub(crate) fn write(data_dir: &Path, directory: &Path, first: &FirstStart) -> Result<(), StartError> {
    let pkcs12 = Zeroizing::new(STANDARD.encode(first.client_key.pkcs12.reveal()));
    // Ids and Base64 need no JSON escapes.
    let client_key = Zeroizing::new(format!(
        "{{\"KeyId\":\"{}\",\"PrivateKeyData\":\"{}\"}}\n",
        first.client_key.record.id,
        pkcs12.as_str()
    ));
    let secret = Zeroizing::new(String::from_utf8_lossy(first.access_key.secret.reveal()).into_owned());
    let access_key = Zeroizing::new(format!(
        "{{\"AccessKeyId\":\"{}\",\"AccessKeySecret\":\"{}\"}}\n",
        first.access_key.id,
        secret.as_str()
    ));
    if directory != data_dir {
        replace(&data_dir.join(CA), first.ca_pem.as_bytes(), 0o644)?;
    }
    replace(&directory.join(CA), first.ca_pem.as_bytes(), 0o644)?;
    replace(&directory.join("client-key.json"), client_key.as_bytes(), 0o600)?;
    replace(&directory.join("client-key-password.txt"), first.client_key_password.reveal().as_bytes(), 0o600)?;
    replace(&directory.join("access-key.json"), access_key.as_bytes(), 0o600)
}

/// Writes `ca.pem` if it is missing. It is the only one of the files that the store can restore.
pub(crate) fn restore_ca(directory: &Path, certificate_pem: &str) -> Result<(), StartError> {
    let path = directory.join(CA);
    if path.exists() {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), "the CA file was missing and is restored");
    replace(&path, certificate_pem.as_bytes(), 0o644)
}

fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), StartError> {
    place_file(path, content, mode, Existing::Replace)
        .map_err(|source| StartError::File { path: path.to_owned(), source })
}
