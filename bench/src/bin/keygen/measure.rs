//! Rounds in which the implementations take turns; the CPU time of each pair.

use std::error::Error;
use std::time::{Duration, Instant};

use claviger_keygen::{DirectGenerator, EngineKind, PairSpec};
use rustix::time::{ClockId, clock_gettime};

use crate::implementations::{self, Implementation};

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    rounds: usize,
    /// Approximate CPU seconds of an implementation in a round; more for long keys, see [`slice`](Self::slice).
    slice: f64,
    /// Wall time of the run on all cores.
    all_cores: Duration,
}

impl Effort {
    pub(crate) const FULL: Self = Self { rounds: 15, slice: 1.0, all_cores: Duration::from_secs(10) };
    pub(crate) const QUICK: Self = Self { rounds: 5, slice: 0.2, all_cores: Duration::from_secs(2) };
}

impl Effort {
    /// The times of long keys vary as much in relation to their mean, so an equally good mean needs more time.
    fn slice(self, spec: PairSpec) -> f64 {
        match spec {
            PairSpec::Rsa3072 => 2.0 * self.slice,
            PairSpec::Rsa4096 => 4.0 * self.slice,
            _ => self.slice,
        }
    }
}

/// The times of one implementation.
pub(crate) struct Row {
    pub(crate) spec: PairSpec,
    pub(crate) implementation: String,
    /// CPU seconds of each pair.
    pub(crate) pairs: Vec<f64>,
    /// CPU seconds per pair, for each round.
    pub(crate) rounds: Vec<f64>,
}

/// Pairs per second of wall time, on one core and on all cores.
pub(crate) struct Cores {
    pub(crate) spec: PairSpec,
    pub(crate) count: usize,
    pub(crate) one: f64,
    pub(crate) all: f64,
}

/// CPU seconds of this thread so far.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn timed(implementation: &mut Implementation) -> Result<f64, Box<dyn Error>> {
    let start = cpu_seconds();
    let length = (implementation.make)()?;
    let took = cpu_seconds() - start;
    if length == 0 { Err("an empty pair was made".into()) } else { Ok(took) }
}

/// Measures every implementation of `spec` round by round; each round starts with a different one. A warm-up run, which is
/// not part of the results, determines how many pairs an implementation makes in a round, so that no round ends because one pair was slow.
pub(crate) fn interleaved(spec: PairSpec, effort: Effort) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut implementations = implementations::all(spec)?;
    let mut counts = Vec::new();
    let slice = effort.slice(spec);
    for implementation in &mut implementations {
        let (mut total, mut made) = (0.0, 0);
        while total < slice / 4.0 && made < 1000 {
            total += timed(implementation)?;
            made += 1;
        }
        counts.push((slice * f64::from(made) / total).ceil().clamp(1.0, 5000.0) as usize);
    }
    let mut rows: Vec<Row> = implementations
        .iter()
        .map(|implementation| Row {
            spec,
            implementation: implementation.name.clone(),
            pairs: Vec::new(),
            rounds: Vec::new(),
        })
        .collect();
    for round in 0..effort.rounds {
        eprintln!("{}: round {} of {}", spec.name(), round + 1, effort.rounds);
        let count = implementations.len();
        let mut turns: Vec<_> = implementations.iter_mut().zip(&mut rows).zip(&counts).collect();
        turns.rotate_left(round % count);
        for ((implementation, row), count) in turns {
            let times = (0..*count).map(|_pair| timed(implementation)).collect::<Result<Vec<_>, _>>()?;
            row.rounds.push(times.iter().sum::<f64>() / times.len() as f64);
            row.pairs.extend(times);
        }
    }
    Ok(rows)
}

/// The automatic engine on one thread, then on as many threads as there are cores.
pub(crate) fn all_cores(spec: PairSpec, effort: Effort) -> Result<Cores, Box<dyn Error>> {
    let count = std::thread::available_parallelism()?.get();
    eprintln!("{}: on 1 core, then on {count}", spec.name());
    Ok(Cores {
        spec,
        count,
        one: per_second(spec, 1, effort.all_cores)?,
        all: per_second(spec, count, effort.all_cores)?,
    })
}

fn per_second(spec: PairSpec, threads: usize, time: Duration) -> Result<f64, Box<dyn Error>> {
    let rate = || -> Result<f64, claviger_keygen::KeygenError> {
        let mut generator = DirectGenerator::new(EngineKind::Auto, spec)?;
        generator.next_pair()?;
        let (start, mut made) = (Instant::now(), 0_u32);
        while start.elapsed() < time {
            generator.next_pair()?;
            made += 1;
        }
        Ok(f64::from(made) / start.elapsed().as_secs_f64())
    };
    let rates: Result<Vec<f64>, _> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_thread| scope.spawn(rate)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Err(claviger_keygen::KeygenError::Failed))).collect()
    });
    Ok(rates?.iter().sum())
}
