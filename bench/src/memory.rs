//! `memory`: what a full stock of RSA_4096 pairs adds to the process, and the size of its keys.
//!
//! The resident memory of the process is measured twice: after a generator without a stock has generated a pair, and after
//! a second generator has filled its stock. The result is the difference. The size of the keys is that of some pairs taken
//! from the stock.

use std::error::Error;
use std::fmt;
use std::thread;
use std::time::Duration;

use claviger_keygen::{Config, Generator, PairSpec, StockSizes};
use serde_json::{Value, json};

/// How often the level of the stock is checked.
const LEVEL_PAUSE: Duration = Duration::from_millis(50);
/// Pairs whose size is measured.
const WEIGHED: usize = 3;

pub(crate) struct Memory {
    pairs: usize,
    added_bytes: u64,
    key_bytes: u64,
    is_locked: bool,
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = if self.is_locked { "locked" } else { "not locked: RLIMIT_MEMLOCK is too low" };
        write!(
            f,
            "a stock of {} RSA_4096 pairs added {} bytes ({locked}); their keys weigh {} bytes; ratio {:.3}",
            self.pairs,
            self.added_bytes,
            self.key_bytes,
            self.added_bytes as f64 / self.key_bytes as f64
        )
    }
}

impl Memory {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "Pairs": self.pairs, "AddedBytes": self.added_bytes, "KeyBytes": self.key_bytes, "IsLocked": self.is_locked,
        })
    }
}

/// Measures a stock of this size.
pub(crate) fn measure(pairs: usize) -> Result<Memory, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let one = |generator: &Generator| runtime.block_on(generator.pair(PairSpec::Rsa4096, 0));
    // The first generator loads what every later one needs too: code, and the library's own memory.
    let first = Generator::start(Config { stock: StockSizes::NONE, ..Config::default() })?;
    drop(one(&first)?);
    drop(first);
    let without = resident_bytes()?;
    let stock = StockSizes { rsa_4096: pairs, ..StockSizes::NONE };
    let generator = Generator::start(Config { stock, stock_cores: f64::INFINITY, ..Config::default() })?;
    let level = || generator.figures().specs.iter().map(|spec| spec.stock_level).sum::<usize>();
    while level() < pairs {
        thread::sleep(LEVEL_PAUSE);
    }
    let with = resident_bytes()?;
    let mut weight = 0;
    for _ in 0..WEIGHED {
        let (public_key, private_key) = one(&generator)?.into_parts();
        weight += public_key.len() + private_key.len();
    }
    Ok(Memory {
        pairs,
        added_bytes: with.saturating_sub(without),
        key_bytes: (weight * pairs / WEIGHED) as u64,
        is_locked: generator.figures().is_locked,
    })
}

/// `VmRSS` of this process.
fn resident_bytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system shows no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}
