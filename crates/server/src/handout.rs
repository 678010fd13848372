//! The files that the owner of a new instance receives in the data directory (design.md section 6): `ca.pem`,
//! `client-key.json`, `client-key-password.txt`, `access-key.json`. All but `ca.pem` are readable by their owner only.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_service::FirstStart;
use zeroize::Zeroizing;

use crate::error::StartError;

/// Writes the files, each whole or not at all.
pub(crate) fn write(directory: &Path, first: &FirstStart) -> Result<(), StartError> {
    let pkcs12 = Zeroizing::new(STANDARD.encode(first.client_key.pkcs12.reveal()));
    // Both values are plain ASCII without quotes, so they are JSON as they stand.
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
    replace(&directory.join("ca.pem"), first.ca_pem.as_bytes(), 0o644)?;
    replace(&directory.join("client-key.json"), client_key.as_bytes(), 0o600)?;
    replace(&directory.join("client-key-password.txt"), first.client_key_password.reveal().as_bytes(), 0o600)?;
    replace(&directory.join("access-key.json"), access_key.as_bytes(), 0o600)
}

/// Puts `ca.pem` back where it was removed: the one of these files that can be made again. One that is there stays.
pub(crate) fn restore_ca(directory: &Path, certificate_pem: &str) -> Result<(), StartError> {
    let path = directory.join("ca.pem");
    if path.exists() {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), "the CA file was gone; writing it again");
    replace(&path, certificate_pem.as_bytes(), 0o644)
}

/// Writes a new file beside the old one and puts it in its place. The unfinished one has the same permissions.
fn replace(path: &Path, content: &[u8], mode: u32) -> Result<(), StartError> {
    let unfinished = path.with_extension("unfinished");
    let failed = |source| StartError::File { path: path.to_owned(), source };
    let _absent = fs::remove_file(&unfinished);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&unfinished, path).map_err(failed)
}
