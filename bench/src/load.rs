//! Clients that call one operation as fast as it answers.

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
    let blob = pair(&client, "EC_P256").await?.private_key_ciphertext_blob;
    let mut rows = Vec::new();
    for clients in CLIENTS {
        for spec in ["EC_P256", "EC_P256K", "RSA_2048", "RSA_3072", "RSA_4096"] {
            let call = move |client: Arc<InstanceClient>| async move { pair(&client, spec).await.map(drop) };
            rows.push(row("AdvanceGenerateDataKeyPair", spec, clients, &client, call).await?);
        }
        let blob = blob.clone();
        let call = move |client: Arc<InstanceClient>| {
            let request = DecryptRequest { ciphertext_blob: blob.clone(), ..DecryptRequest::default() };
            async move { client.call::<AdvanceDecryptResponse>(Operation::AdvanceDecrypt, &request, None).await.map(drop) }
        };
        rows.push(row("AdvanceDecrypt", "EC_P256", clients, &client, call).await?);
        Calls { client: &client, clients, rows: &mut rows }.measure(&keys).await?;
    }
    Ok(rows)
}

async fn pair(client: &InstanceClient, spec: &str) -> Result<AdvanceGenerateDataKeyPairResponse, ClientError> {
    let request = AdvanceGenerateDataKeyPairRequest {
        key_id: "alias/dev".to_owned(),
        key_pair_spec: spec.to_owned(),
        key_format: "DER".to_owned(),
        aad: Vec::new(),
    };
    Ok(client.call(Operation::AdvanceGenerateDataKeyPair, &request, None).await?.message)
}

pub(crate) async fn row<F, C>(
    operation: &'static str,
    spec: &'static str,
    clients: usize,
    client: &Arc<InstanceClient>,
    call: C,
) -> Result<Row, Box<dyn Error>>
where
    F: Future<Output = Result<(), ClientError>> + Send + 'static,
    C: Fn(Arc<InstanceClient>) -> F + Clone + Send + 'static,
{
    let started = Instant::now();
    let mut took = Vec::new();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (client, call) = (Arc::clone(client), call.clone());
        running.spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < MEASURED {
                let asked = Instant::now();
                call(Arc::clone(&client)).await?;
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
    Ok(Row { operation, spec, clients, per_second: took.len() as f64 / elapsed, p50_ms, p99_ms })
}
