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
    AdvanceDecryptResponse, AdvanceGenerateDataKeyPairRequest, AdvanceGenerateDataKeyPairResponse, DecryptRequest,
};
use prost::Message;
use serde_json::{Value, json};

use crate::calls::{Calls, Keys};

/// How long each row is measured.
const MEASURED: Duration = Duration::from_secs(3);
const CLIENTS: [usize; 2] = [1, 16];

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

/// Every operation at every number of clients.
pub(crate) async fn measure(endpoint: &str, dir: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let key = ClientKey::read(&dir.join("client-key.json"), &dir.join("client-key-password.txt"))?;
    let endpoint = Endpoint::new(endpoint, &std::fs::read(dir.join("ca.pem"))?)?;
    let keys = Keys::create(endpoint.clone(), dir).await?;
    let client = Arc::new(InstanceClient::new(endpoint, key));
    let asked = Operation::AdvanceGenerateDataKeyPair;
    let made: AdvanceGenerateDataKeyPairResponse = client.call(asked, &pair("EC_P256"), None).await?.message;
    let blob = made.private_key_ciphertext_blob;
    let mut rows = Vec::new();
    for clients in CLIENTS {
        for spec in ["EC_P256", "EC_P256K", "RSA_2048", "RSA_3072", "RSA_4096"] {
            rows.push(row::<AdvanceGenerateDataKeyPairResponse>(asked, spec, clients, &client, &pair(spec)).await?);
        }
        let open = DecryptRequest { ciphertext_blob: blob.clone(), ..DecryptRequest::default() };
        rows.push(row::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, "EC_P256", clients, &client, &open).await?);
        Calls { client: &client, clients, rows: &mut rows }.measure(&keys).await?;
    }
    Ok(rows)
}

fn pair(spec: &str) -> AdvanceGenerateDataKeyPairRequest {
    AdvanceGenerateDataKeyPairRequest {
        key_id: "alias/dev".to_owned(),
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
