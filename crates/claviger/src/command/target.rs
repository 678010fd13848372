//! Clients for the server that a command names.

use std::time::Duration;

use claviger_client::{AccessKey, ClientKey, Endpoint, InstanceClient, RpcClient};

use crate::cli::Target;
use crate::failure::Failure;

impl Target {
    pub(crate) fn instance(&self) -> Result<InstanceClient, Failure> {
        let key = self.data_dir.join("client-key.json");
        let key = ClientKey::read(&key, &self.data_dir.join("client-key-password.txt"))?;
        Ok(InstanceClient::new(self.endpoint()?, key))
    }

    pub(crate) fn rpc(&self) -> Result<RpcClient, Failure> {
        Ok(RpcClient::new(self.endpoint()?, AccessKey::read(&self.data_dir.join("access-key.json"))?))
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
