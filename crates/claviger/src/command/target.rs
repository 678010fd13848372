//! Clients for the server that a command names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use claviger_client::{AccessKey, ClientError, ClientKey, Endpoint, InstanceClient, RpcClient};

use crate::cli::Target;
use crate::failure::Failure;

impl Target {
    pub(crate) fn instance(&self) -> Result<InstanceClient, Failure> {
        let path = self.data_dir.join("client-key.json");
        let key = ClientKey::read(&path, &self.data_dir.join("client-key-password.txt"));
        let key = key.map_err(|error| missing(error, &path, "commands that use keys"))?;
        Ok(InstanceClient::new(self.endpoint()?, key))
    }

    pub(crate) fn rpc(&self) -> Result<RpcClient, Failure> {
        let endpoint = self.endpoint()?;
        let path = self.access_key_file();
        let key = AccessKey::read(&path).map_err(|error| missing(error, &path, "control-plane commands"))?;
        Ok(RpcClient::new(endpoint, key))
    }

    /// The path of the file with the access key.
    pub(crate) fn access_key_file(&self) -> PathBuf {
        self.data_dir.join("access-key.json")
    }

    fn endpoint(&self) -> Result<Endpoint, Failure> {
        let path = self.data_dir.join("ca.pem");
        let pem = std::fs::read(&path).map_err(|error| Failure::File {
            path: path.clone(),
            reason: format!("cannot be read: {error}; give the server's directory with --data-dir"),
        })?;
        let endpoint = Endpoint::new(&self.endpoint, &pem)?;
        Ok(endpoint.with_ca_file(path).with_timeout(Duration::from_secs(self.timeout)))
    }
}

/// For a missing file, names the commands that need it and where it should be.
fn missing(error: ClientError, file: &Path, who: &str) -> Failure {
    match error {
        ClientError::File { path, reason } if path == file && !file.exists() => Failure::File {
            reason: format!("{reason}; {who} need it: --data-dir must be the credentials directory"),
            path,
        },
        other => other.into(),
    }
}
