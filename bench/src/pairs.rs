//! Pairs generated per second by one thread of the generator, without server, signature or wrapping.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use claviger_keygen::{Config, Generator, KeygenError, PairSpec, StockSizes};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Shortest time that a spec is measured.
const MEASURED: Duration = Duration::from_secs(5);

/// One measured spec.
pub(crate) struct PairRow {
    spec: PairSpec,
    per_second: f64,
    made: u32,
}

impl fmt::Display for PairRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:9} {:>24.1}   ({} made)", self.spec.name(), self.per_second, self.made)
    }
}

impl PairRow {
    pub(crate) fn to_json(&self) -> Value {
        json!({"KeyPairSpec": self.spec.name(), "PairsPerSecond": self.per_second, "Made": self.made})
    }
}

/// Measures every spec.
pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<PairRow>, KeygenError> {
    let generator =
        Generator::start(Config { threads: NonZeroUsize::MIN, stock: StockSizes::NONE, ..Config::default() })?;
    let one = |spec: PairSpec| {
        let (started, mut made) = (Instant::now(), 0_u32);
        while started.elapsed() < MEASURED {
            runtime.block_on(generator.pair(spec, 0))?;
            made += 1;
        }
        Ok(PairRow { spec, per_second: f64::from(made) / started.elapsed().as_secs_f64(), made })
    };
    PairSpec::ALL.into_iter().map(one).collect()
}
