//! Measures latency and throughput over TLS with signatures, and key pairs per second and core, and prints tables, or
//! JSON with `--json`. Client and server share the machine, so the figures are for both together.
//!
//! Without a command: every operation, then pairs per core. `server`: one of the operations that have a
//! performance target, against a development server that is already running, so that it can be profiled. `pairs`: pair latency from stock
//! and with an empty stock. `storm`: small calls with and without a load of RSA_4096 pairs. `memory`: the memory of a stock.
//! With the feature `plain-allocator`, freed memory is not wiped, for comparison.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod calls;
mod latency;
mod load;
mod memory;
mod operation;
mod pairs;
mod server;
mod storm;
mod times;

use std::error::Error;
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use claviger_keygen::StockSizes;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Calls in one row of `pairs`, and pairs in the stock that `memory` measures.
const CALLS: usize = 1_000;
/// Seconds of one round of `storm`.
const ROUND_S: usize = 10;
const USAGE: &str = "claviger-bench [server ENDPOINT DATA_DIR EC_P256|EC_P256K|AdvanceEncrypt|AdvanceDecrypt | \
                     pairs [--calls N] | storm [--seconds N] | memory [--pairs N]] [--json]";

/// As in `claviger`, freed memory is wiped.
#[cfg(not(feature = "plain-allocator"))]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (known, as_json): (Vec<&str>, bool) = {
        let is_json = words.iter().any(|word| word == "--json");
        (words.iter().map(String::as_str).filter(|word| *word != "--json").collect(), is_json)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match known.as_slice() {
        [] => return operations(&runtime, as_json),
        ["server", endpoint, data_dir, target] => {
            let row = runtime.block_on(load::measure_target(endpoint, Path::new(data_dir), target))?.ok_or(USAGE)?;
            show(as_json, &json!({"Operations": [row.to_json()]}), &format!("{}\n{row}", operation::titles()));
        }
        ["pairs", rest @ ..] => {
            let rows = runtime.block_on(latency::measure(number(rest, "--calls", CALLS)?))?;
            let json = rows.iter().map(latency::LatencyRow::to_json).collect::<Vec<_>>();
            let table = rows.iter().fold(latency::TITLES.to_owned(), |table, row| format!("{table}\n{row}"));
            show(as_json, &json!({"PairLatency": json}), &table);
        }
        ["storm", rest @ ..] => {
            let round = Duration::from_secs(number(rest, "--seconds", ROUND_S)? as u64);
            let storm = runtime.block_on(storm::measure(round))?;
            show(as_json, &json!({"Storm": storm.to_json()}), &storm);
        }
        ["memory", rest @ ..] => {
            let memory = memory::measure(number(rest, "--pairs", CALLS)?)?;
            show(as_json, &json!({"Memory": memory.to_json()}), &memory);
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

/// The number after `flag`, or `default` if it is missing.
fn number(words: &[&str], flag: &str, default: usize) -> Result<usize, Box<dyn Error>> {
    match words {
        [] => Ok(default),
        [word, number] if *word == flag => number.parse().ok().filter(|number| *number > 0).ok_or_else(|| USAGE.into()),
        _ => Err(USAGE.into()),
    }
}

fn show(as_json: bool, json: &Value, table: &impl Display) {
    if as_json {
        println!("{json:#}");
    } else {
        println!("{table}");
    }
}

fn operations(runtime: &Runtime, as_json: bool) -> Result<(), Box<dyn Error>> {
    let rows = runtime.block_on(async {
        let server = server::Measured::start(StockSizes::NONE).await?;
        let rows = load::measure(server.endpoint(), &server.data_dir()).await;
        server.stop().await?;
        rows
    })?;
    let pairs = pairs::measure(runtime)?;
    if as_json {
        let operations: Vec<_> = rows.iter().map(operation::OperationRow::to_json).collect();
        let pairs: Vec<_> = pairs.iter().map(pairs::PairRow::to_json).collect();
        println!("{:#}", json!({"Operations": operations, "PairsPerCore": pairs}));
        return Ok(());
    }
    let plain = cfg!(feature = "plain-allocator");
    println!("allocator: {}", if plain { "plain" } else { "wipes freed memory, like claviger" });
    println!("{}", operation::titles());
    rows.iter().for_each(|row| println!("{row}"));
    println!("\n{:9} {:>24}", "spec", "pairs/s made on one core");
    pairs.iter().for_each(|row| println!("{row}"));
    Ok(())
}
