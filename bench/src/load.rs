//! Clients that call one operation as fast as it answers.
//!
//! Each row's request is signed once and sent again and again, as the protocol allows: making the signature costs a client
//! 0.26 ms of CPU, and the figures are meant to be the server's, which checks it every time.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claviger_client::{ClientError, ClientKey, Endpoint, InstanceClient};
use claviger_wire::instance::Operation;
use claviger_wire::instance::message::{
    AdvanceDecryptResponse, AdvanceEncryptResponse, AdvanceGenerateDataKeyPairRequest,
    AdvanceGenerateDataKeyPairResponse, DecryptRequest, EncryptRequest,
};
use prost::Message;
use serde_json::{Value, json};

use crate::calls::{Calls, Keys, MESSAGE};

/// How long each row is measured.
const MEASURED: Duration = Duration::from_secs(3);
const CLIENTS: [usize; 2] = [1, 16];
/// The key that `claviger dev` makes.
const KEY: &str = "alias/dev";

/// One measured operation.
pub(crate) struct Row {
    operation: &'static str,
    spec: &'static str,
    clients: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, spec, clients, per_second, p50_ms, p99_ms } = self;
        write!(f, "{operation:34} {spec:9} {clients:>7} {per_second:>11.1} {p50_ms:>9.2} {p99_ms:>9.2}")
    }
}

impl Row {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "Operation": self.operation, "KeyPairSpec": self.spec, "Clients": self.clients,
            "RequestsPerSecond": self.per_second, "P50Ms": self.p50_ms, "P99Ms": self.p99_ms,
        })
    }
}

/// The titles over the rows.
pub(crate) fn titles() -> String {
    format!("{:34} {:9} {:>7} {:>11} {:>9} {:>9}", "operation", "spec", "clients", "requests/s", "p50 ms", "p99 ms")
}

/// Every operation at every number of clients.
pub(crate) async fn measure(endpoint: &str, dir: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let server = Called::new(endpoint, dir).await?;
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

/// One of the operations that have a target, with as many clients as its row has; `None` when
/// the name is of no such operation.
pub(crate) async fn measure_target(endpoint: &str, dir: &Path, target: &str) -> Result<Option<Row>, Box<dyn Error>> {
    let server = Called::new(endpoint, dir).await?;
    let clients = CLIENTS.into_iter().max().unwrap_or(1);
    Ok(Some(match target {
        "EC_P256" => server.pairs("EC_P256", clients).await?,
        "EC_P256K" => server.pairs("EC_P256K", clients).await?,
        "AdvanceEncrypt" => server.seal(clients).await?,
        "AdvanceDecrypt" => server.open(clients).await?,
        _ => return Ok(None),
    }))
}

/// A server, called with one client key.
struct Called {
    endpoint: Endpoint,
    client: Arc<InstanceClient>,
    /// The private key of a pair, wrapped.
    blob: Vec<u8>,
}

impl Called {
    async fn new(endpoint: &str, dir: &Path) -> Result<Self, Box<dyn Error>> {
        let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt"))?;
        let endpoint = Endpoint::new(endpoint, &std::fs::read(dir.join("ca.pem"))?)?;
        let client = Arc::new(InstanceClient::new(endpoint.clone(), key));
        let asked = Operation::AdvanceGenerateDataKeyPair;
        let made: AdvanceGenerateDataKeyPairResponse = client.call(asked, &pair("EC_P256"), None).await?.message;
        Ok(Self { endpoint, client, blob: made.private_key_ciphertext_blob })
    }

    async fn pairs(&self, spec: &'static str, clients: usize) -> Result<Row, Box<dyn Error>> {
        let asked = Operation::AdvanceGenerateDataKeyPair;
        row::<AdvanceGenerateDataKeyPairResponse>(asked, spec, clients, &self.client, &pair(spec)).await
    }

    async fn seal(&self, clients: usize) -> Result<Row, Box<dyn Error>> {
        let seal = EncryptRequest { key_id: KEY.to_owned(), plaintext: MESSAGE.to_vec(), ..EncryptRequest::default() };
        row::<AdvanceEncryptResponse>(Operation::AdvanceEncrypt, "AES_256", clients, &self.client, &seal).await
    }

    async fn open(&self, clients: usize) -> Result<Row, Box<dyn Error>> {
        let open = DecryptRequest { ciphertext_blob: self.blob.clone(), ..DecryptRequest::default() };
        row::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, "EC_P256", clients, &self.client, &open).await
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

pub(crate) async fn row<A: Message + Default>(
    operation: Operation,
    spec: &'static str,
    clients: usize,
    client: &Arc<InstanceClient>,
    request: &impl Message,
) -> Result<Row, Box<dyn Error>> {
    let signed = Arc::new(client.sign(operation, request, None)?);
    let started = Instant::now();
    let mut took = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (client, signed) = (Arc::clone(client), Arc::clone(&signed));
        running.spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < MEASURED {
                let asked = Instant::now();
                client.send::<A>(&signed).await?;
                took.push(asked.elapsed());
            }
            Ok::<_, ClientError>(took)
        });
    }
    while let Some(ended) = running.join_next().await {
        took.extend(ended??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        took.get(place.min(took.len().saturating_sub(1))).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    };
    let (p50_ms, p99_ms) = (at(0.5), at(0.99));
    Ok(Row { operation: operation.name(), spec, clients, per_second: took.len() as f64 / elapsed, p50_ms, p99_ms })
}
