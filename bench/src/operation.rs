//! Measures one operation: clients call it as fast as the server answers.
//!
//! Each request is signed once and sent repeatedly, as the protocol allows: creating a signature costs the client 0.26
//! ms of CPU, and the figures are meant to be those of the server, which verifies it every time.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claviger_client::{ClientError, InstanceClient};
use claviger_wire::instance::Operation;
use prost::Message;
use serde_json::{Value, json};

/// How long each operation is measured.
const MEASURED: Duration = Duration::from_secs(3);

/// One measured operation.
pub(crate) struct OperationRow {
    operation: &'static str,
    spec: &'static str,
    clients: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl fmt::Display for OperationRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, spec, clients, per_second, p50_ms, p99_ms } = self;
        write!(f, "{operation:34} {spec:9} {clients:>7} {per_second:>11.1} {p50_ms:>9.2} {p99_ms:>9.2}")
    }
}

impl OperationRow {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "Operation": self.operation, "KeyPairSpec": self.spec, "Clients": self.clients,
            "RequestsPerSecond": self.per_second, "P50Ms": self.p50_ms, "P99Ms": self.p99_ms,
        })
    }
}

/// Titles of the columns.
pub(crate) fn titles() -> String {
    format!("{:34} {:9} {:>7} {:>11} {:>9} {:>9}", "operation", "spec", "clients", "requests/s", "p50 ms", "p99 ms")
}

/// Measures `clients` clients that send the same request for three seconds.
pub(crate) async fn measure_operation<A: Message + Default>(
    operation: Operation,
    spec: &'static str,
    clients: usize,
    client: &Arc<InstanceClient>,
    request: &impl Message,
) -> Result<OperationRow, Box<dyn Error>> {
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
    Ok(OperationRow {
        operation: operation.name(),
        spec,
        clients,
        per_second: took.len() as f64 / elapsed,
        p50_ms,
        p99_ms,
    })
}
