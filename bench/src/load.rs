//! The table of operations: every operation of the Instance API at every number of clients.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use claviger_client::{ClientKey, Endpoint, InstanceClient};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceEncryptResponse, AdvanceGenerateDataKeyPairRequest,
    AdvanceGenerateDataKeyPairResponse, DecryptRequest, EncryptRequest,
};

use crate::calls::{Calls, Keys, MESSAGE};
use crate::operation::{OperationRow, measure_operation};

/// Numbers of clients with which each operation is measured.
const CLIENTS: [usize; 2] = [1, 16];
/// The key that `claviger dev` creates.
const KEY: &str = "alias/dev";

/// Measures every operation at every number of clients.
pub(crate) async fn measure(endpoint: &str, dir: &Path) -> Result<Vec<OperationRow>, Box<dyn Error>> {
    let server = MeasuredServer::new(endpoint, dir).await?;
    let keys = Keys::create(server.endpoint.clone(), dir).await?;
    let mut rows = Vec::new();
    for clients in CLIENTS {
        for spec in ["EC_P256", "EC_P256K", "RSA_2048", "RSA_3072", "RSA_4096"] {
            rows.push(server.pairs(spec, clients).await?);
        }
        rows.push(server.open(clients).await?);
        Calls { client: &server.client, clients, rows: &mut rows }.measure(&keys).await?;
    }
    Ok(rows)
}

/// Measures one of the operations that have a performance target, with the largest number of clients; `None` if `target`
/// is not the name of such an operation.
pub(crate) async fn measure_target(
    endpoint: &str,
    dir: &Path,
    target: &str,
) -> Result<Option<OperationRow>, Box<dyn Error>> {
    let server = MeasuredServer::new(endpoint, dir).await?;
    let clients = CLIENTS.into_iter().max().unwrap_or(1);
    Ok(Some(match target {
        "EC_P256" => server.pairs("EC_P256", clients).await?,
        "EC_P256K" => server.pairs("EC_P256K", clients).await?,
        "AdvanceEncrypt" => server.seal(clients).await?,
        "AdvanceDecrypt" => server.open(clients).await?,
        _ => return Ok(None),
    }))
}

/// A server and a client with a client key.
struct MeasuredServer {
    endpoint: Endpoint,
    client: Arc<InstanceClient>,
    /// A wrapped private key.
    blob: Vec<u8>,
}

impl MeasuredServer {
    async fn new(endpoint: &str, dir: &Path) -> Result<Self, Box<dyn Error>> {
        let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt"))?;
        let endpoint = Endpoint::new(endpoint, &std::fs::read(dir.join("ca.pem"))?)?;
        let client = Arc::new(InstanceClient::new(endpoint.clone(), key));
        let asked = Operation::AdvanceGenerateDataKeyPair;
        let made: AdvanceGenerateDataKeyPairResponse = client.call(asked, &pair("EC_P256"), None).await?.message;
        Ok(Self { endpoint, client, blob: made.private_key_ciphertext_blob })
    }

    async fn pairs(&self, spec: &'static str, clients: usize) -> Result<OperationRow, Box<dyn Error>> {
        let asked = Operation::AdvanceGenerateDataKeyPair;
        measure_operation::<AdvanceGenerateDataKeyPairResponse>(asked, spec, clients, &self.client, &pair(spec)).await
    }

    async fn seal(&self, clients: usize) -> Result<OperationRow, Box<dyn Error>> {
        let seal = EncryptRequest { key_id: KEY.to_owned(), plaintext: MESSAGE.to_vec(), ..EncryptRequest::default() };
        measure_operation::<AdvanceEncryptResponse>(Operation::AdvanceEncrypt, "AES_256", clients, &self.client, &seal)
            .await
    }

    async fn open(&self, clients: usize) -> Result<OperationRow, Box<dyn Error>> {
        let open = DecryptRequest { ciphertext_blob: self.blob.clone(), ..DecryptRequest::default() };
        measure_operation::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, "EC_P256", clients, &self.client, &open)
            .await
    }
}

fn pair(spec: &str) -> AdvanceGenerateDataKeyPairRequest {
    AdvanceGenerateDataKeyPairRequest {
        key_id: KEY.to_owned(),
        key_pair_spec: spec.to_owned(),
        key_format: "DER".to_owned(),
        aad: Vec::new(),
    }
}
