//! `storm`: the latency of small calls while four clients continuously request RSA_4096 pairs, and without that load.
//!
//! The stock is off, so that every pair is generated while the small calls run. Rounds with and without load alternate;
//! each client has its own thread and connections.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use claviger_keygen::StockSizes;
use serde_json::{Value, json};

use crate::server::{Measured, client, open, pair};
use crate::times::Times;

const LOAD_CLIENTS: usize = 4;
const ROUNDS: usize = 3;

type Failed = Box<dyn Error + Send + Sync>;

/// The small calls that are measured.
#[derive(Default)]
struct Small {
    pairs: Times,
    decrypts: Times,
}

/// The results.
pub(crate) struct Storm {
    idle: Small,
    loaded: Small,
    /// RSA_4096 pairs per second of all clients under load.
    loaded_pairs_per_second: f64,
}

impl fmt::Display for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "call                 when      calls    p50 ms    p99 ms  p99.9 ms")?;
        for (call, idle, loaded) in self.calls() {
            for (when, times) in [("idle", idle), ("loaded", loaded)] {
                let [p50, p99, p999] = times.percentiles_ms();
                writeln!(f, "{call:20} {when:6} {:>8} {p50:>9.3} {p99:>9.3} {p999:>9.3}", times.count())?;
            }
            writeln!(f, "{call:20} ratio of p99: {:.2}", ratio(idle, loaded))?;
        }
        write!(f, "{LOAD_CLIENTS} clients made the load and got {:.1} RSA_4096 pairs/s", self.loaded_pairs_per_second)
    }
}

impl Storm {
    fn calls(&self) -> [(&'static str, &Times, &Times); 2] {
        [
            ("EC_P256 pair", &self.idle.pairs, &self.loaded.pairs),
            ("AdvanceDecrypt", &self.idle.decrypts, &self.loaded.decrypts),
        ]
    }

    pub(crate) fn to_json(&self) -> Value {
        let calls = self.calls().map(|(call, idle, loaded)| {
            json!({"Call": call, "Peace": idle.to_json(), "Storm": loaded.to_json(), "RatioOfP99": ratio(idle, loaded)})
        });
        json!({"Calls": calls, "StormClients": LOAD_CLIENTS, "StormPairsPerSecond": self.loaded_pairs_per_second})
    }
}

fn ratio(idle: &Times, loaded: &Times) -> f64 {
    loaded.percentile_ms(0.99) / idle.percentile_ms(0.99)
}

/// Alternates rounds with and without load, each of this length.
pub(crate) async fn measure(round: Duration) -> Result<Storm, Box<dyn Error>> {
    let server = Measured::start(StockSizes::NONE).await?;
    let (endpoint, dir) = (server.endpoint().to_owned(), server.data_dir());
    let measuring = tokio::task::spawn_blocking(move || rounds(&endpoint, &dir, round));
    let measured = measuring.await?.map_err(|error| error.to_string())?;
    server.stop().await?;
    Ok(measured)
}

fn rounds(endpoint: &str, dir: &std::path::Path, round: Duration) -> Result<Storm, Failed> {
    let (mut idle, mut loaded, mut pairs) = (Small::default(), Small::default(), 0);
    let is_loaded = Arc::new(AtomicBool::new(false));
    for _ in 0..ROUNDS {
        small_calls(endpoint, dir, round, &mut idle)?;
        is_loaded.store(true, Ordering::Release);
        let clients: Vec<_> = (0..LOAD_CLIENTS).map(|_| load_client(endpoint, dir, &is_loaded)).collect();
        let measured = small_calls(endpoint, dir, round, &mut loaded);
        is_loaded.store(false, Ordering::Release);
        for client in clients {
            pairs += client.join().map_err(|_panicked| "a client of the load panicked")??;
        }
        measured?;
    }
    let seconds = round.as_secs_f64() * ROUNDS as f64;
    Ok(Storm { idle, loaded, loaded_pairs_per_second: pairs as f64 / seconds })
}

fn small_calls(endpoint: &str, dir: &std::path::Path, round: Duration, small: &mut Small) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client(endpoint, dir).map_err(|error| error.to_string())?;
        let mut blob = pair(&client, "EC_P256").await?;
        let started = Instant::now();
        while started.elapsed() < round {
            let asked = Instant::now();
            blob = pair(&client, "EC_P256").await?;
            small.pairs.add(asked.elapsed());
            let asked = Instant::now();
            open(&client, &blob).await?;
            small.decrypts.add(asked.elapsed());
        }
        drop(blob);
        Ok(())
    })
}

fn load_client(
    endpoint: &str,
    dir: &std::path::Path,
    is_loaded: &Arc<AtomicBool>,
) -> thread::JoinHandle<Result<usize, Failed>> {
    let (endpoint, dir, is_loaded): (String, PathBuf, _) = (endpoint.to_owned(), dir.to_owned(), Arc::clone(is_loaded));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let made = AtomicUsize::new(0);
        runtime.block_on(async {
            let client = client(&endpoint, &dir).map_err(|error| error.to_string())?;
            while is_loaded.load(Ordering::Acquire) {
                pair(&client, "RSA_4096").await?;
                made.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failed>(())
        })?;
        Ok(made.into_inner())
    })
}
