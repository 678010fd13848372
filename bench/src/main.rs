//! Latency and throughput per operation over TLS with signatures, and pairs made per second per core, measured and
//! printed: as a table, or with `--json`. Client and server share the machine, so the figures are for both together.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod calls;
mod load;
mod pairs;

use std::error::Error;

use claviger_server::{Options, Server};
use claviger_service::{PairConcurrency, UsePolicy};
use tokio::sync::oneshot;

fn main() -> Result<(), Box<dyn Error>> {
    let as_json = std::env::args().any(|argument| argument == "--json");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rows = runtime.block_on(operations())?;
    let pairs = pairs::measure(&runtime)?;
    if as_json {
        let operations: Vec<_> = rows.iter().map(load::Row::to_json).collect();
        let pairs: Vec<_> = pairs.iter().map(pairs::Row::to_json).collect();
        println!("{:#}", serde_json::json!({"Operations": operations, "PairsPerCore": pairs}));
        return Ok(());
    }
    println!("{:34} {:9} {:>7} {:>11} {:>9} {:>9}", "operation", "spec", "clients", "requests/s", "p50 ms", "p99 ms");
    rows.iter().for_each(|row| println!("{row}"));
    println!("\n{:9} {:>24}", "spec", "pairs/s made on one core");
    pairs.iter().for_each(|row| println!("{row}"));
    Ok(())
}

async fn operations() -> Result<Vec<load::Row>, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let data_dir = directory.path().join("data");
    let options = Options {
        root_key_file: data_dir.join("root.key"),
        data_dir: data_dir.clone(),
        listen: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        hostnames: Vec::new(),
        pair_concurrency: PairConcurrency::Unlimited,
        use_policy: UsePolicy::default(),
        keygen: claviger_keygen::Config {
            stock: claviger_keygen::StockSizes::NONE,
            ..claviger_keygen::Config::default()
        },
        connections_max: 1024,
        audit_segment_bytes: 64 * 1024 * 1024,
        is_dev: true,
    };
    let server = Server::start(options).await?;
    let endpoint = format!("https://{}", server.address()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async move {
        let _either = stopped.await;
    }));
    let rows = load::measure(&endpoint, &data_dir).await;
    let _ended = stop.send(());
    serving.await?;
    rows
}
