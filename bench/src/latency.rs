//! `pairs`: how long `AdvanceGenerateDataKeyPair` takes over TLS with signatures, from stock and with an empty stock.
//!
//! Every row from stock starts with a stock of as many pairs as it requests; the workers refill it meanwhile, as in
//! production.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use claviger_client::{ClientError, InstanceClient};
use claviger_keygen::{PairSpec, StockSizes};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::server::{Measured, client, pair};
use crate::times::Times;

const CLIENTS: [usize; 3] = [1, 8, 64];
/// Longest time that a row is measured.
const ROW_MAX: Duration = Duration::from_secs(60);
/// EC pairs are generated quickly, so their rows make this many times as many calls.
const EC_TIMES: usize = 10;

/// The latencies of one spec, source and number of clients.
pub(crate) struct LatencyRow {
    spec: PairSpec,
    source: &'static str,
    clients: usize,
    times: Times,
}

/// Titles of the columns.
pub(crate) const TITLES: &str = "spec      source     clients   calls    p50 ms    p99 ms  p99.9 ms";

impl fmt::Display for LatencyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999] = self.times.percentiles_ms();
        let (spec, calls) = (self.spec.name(), self.times.count());
        write!(f, "{spec:9} {:9} {:>8} {calls:>7} {p50:>9.2} {p99:>9.2} {p999:>9.2}", self.source, self.clients)
    }
}

impl LatencyRow {
    pub(crate) fn to_json(&self) -> Value {
        let mut row = json!({"KeyPairSpec": self.spec.name(), "Source": self.source, "Clients": self.clients});
        if let (Some(row), Value::Object(times)) = (row.as_object_mut(), self.times.to_json()) {
            row.extend(times);
        }
        row
    }
}

/// Measures every spec from every source at every number of clients.
pub(crate) async fn measure(calls: usize) -> Result<Vec<LatencyRow>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for spec in PairSpec::ALL {
        let mut stock = StockSizes::NONE;
        if let Some(size) = stock.get_mut(spec) {
            *size = calls;
            let server = Measured::start(stock).await?;
            for clients in CLIENTS {
                eprintln_progress(spec, "stock", clients);
                server.until_ready(spec, calls).await?;
                rows.push(row(&server, spec, "stock", clients, calls).await?);
            }
            server.stop().await?;
        }
        let server = Measured::start(StockSizes::NONE).await?;
        let calls = if stock.get(spec).is_some() { calls } else { calls * EC_TIMES };
        for clients in CLIENTS {
            eprintln_progress(spec, "made now", clients);
            rows.push(row(&server, spec, "made now", clients, calls).await?);
        }
        server.stop().await?;
    }
    Ok(rows)
}

#[allow(clippy::print_stderr, reason = "progress of a long measurement")]
fn eprintln_progress(spec: PairSpec, source: &str, clients: usize) {
    eprintln!("{} {source}, {clients} clients", spec.name());
}

async fn row(
    server: &Measured,
    spec: PairSpec,
    source: &'static str,
    clients: usize,
    calls: usize,
) -> Result<LatencyRow, Box<dyn Error>> {
    let client = client(server.endpoint(), &server.data_dir())?;
    connect(&client, clients).await?;
    let (left, started) = (Arc::new(AtomicUsize::new(calls)), Instant::now());
    let mut asking = JoinSet::new();
    for _ in 0..clients {
        let (client, left) = (Arc::clone(&client), Arc::clone(&left));
        asking.spawn(async move {
            let mut times = Times::default();
            let one_less = |left: usize| left.checked_sub(1);
            while started.elapsed() < ROW_MAX
                && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
            {
                let asked = Instant::now();
                pair(&client, spec.name()).await?;
                times.add(asked.elapsed());
            }
            Ok::<_, ClientError>(times)
        });
    }
    let mut times = Times::default();
    while let Some(ended) = asking.join_next().await {
        times.append(ended??);
    }
    Ok(LatencyRow { spec, source, clients, times })
}

/// Opens the connections before timing starts, because a handshake is not part of a request.
async fn connect(client: &Arc<InstanceClient>, clients: usize) -> Result<(), Box<dyn Error>> {
    let mut connecting = JoinSet::new();
    for _ in 0..clients {
        let client = Arc::clone(client);
        connecting.spawn(async move { pair(&client, PairSpec::EcP256.name()).await.map(drop) });
    }
    while let Some(ended) = connecting.join_next().await {
        ended??;
    }
    Ok(())
}
