//! Reads credential files in the format of the SDKs: `client-key.json` with its password, and `access-key.json`.

use std::fmt;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_base::SecretBytes;
use claviger_crypto::{client_key, rsa};
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use crate::error::ClientError;

/// A client key, ready to sign (instance-api 1.9).
pub struct ClientKey {
    pub(crate) id: String,
    pub(crate) key: rsa::PrivateKey,
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An access key of the control plane.
#[derive(Debug)]
pub struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: SecretBytes,
}

#[derive(Deserialize)]
struct ClientKeyFile {
    #[serde(rename = "KeyId")]
    key_id: String,
    #[serde(rename = "PrivateKeyData")]
    private_key_data: String,
}

#[derive(Deserialize)]
struct AccessKeyFile {
    #[serde(rename = "AccessKeyId")]
    access_key_id: String,
    #[serde(rename = "AccessKeySecret")]
    access_key_secret: String,
}

impl ClientKey {
    /// Reads a client key file and the file with its password; a trailing line end is ignored.
    ///
    /// # Errors
    /// [`ClientError::File`], which names the file and the reason.
    pub fn read(file: &Path, password_file: &Path) -> Result<Self, ClientError> {
        let refuse = |path: &Path, reason: &str| ClientError::File { path: path.into(), reason: reason.to_owned() };
        let text = read_text(file)?;
        let mut parsed: ClientKeyFile = serde_json::from_str(&text)
            .map_err(|_malformed| refuse(file, "is not {\"KeyId\":...,\"PrivateKeyData\":...}"))?;
        let decoded = STANDARD.decode(&parsed.private_key_data);
        parsed.private_key_data.zeroize();
        let pkcs12 = decoded.map_err(|_malformed| refuse(file, "PrivateKeyData is not Base64"))?;
        let password = read_text(password_file)?;
        let opened = client_key::open(&Zeroizing::new(pkcs12), password.trim_end_matches(['\r', '\n']))
            .map_err(|_does_not_open| refuse(file, "does not open with this password"))?;
        let key = rsa::PrivateKey::from_pkcs8_der(&opened.private_key_pkcs8)
            .map_err(|_malformed| refuse(file, "holds no RSA private key"))?;
        Ok(Self { id: parsed.key_id, key })
    }

    /// Its id, `KAAP.<uuid>`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl AccessKey {
    /// Reads an access key file.
    ///
    /// # Errors
    /// [`ClientError::File`].
    pub fn read(file: &Path) -> Result<Self, ClientError> {
        let text = read_text(file)?;
        let parsed: AccessKeyFile = serde_json::from_str(&text).map_err(|_malformed| ClientError::File {
            path: file.into(),
            reason: "is not {\"AccessKeyId\":...,\"AccessKeySecret\":...}".to_owned(),
        })?;
        Ok(Self { id: parsed.access_key_id, secret: SecretBytes::new(parsed.access_key_secret.into_bytes()) })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn read_text(path: &Path) -> Result<Zeroizing<String>, ClientError> {
    let read = fs::read_to_string(path).map(Zeroizing::new);
    read.map_err(|error| ClientError::File { path: path.into(), reason: format!("cannot be read: {error}") })
}
