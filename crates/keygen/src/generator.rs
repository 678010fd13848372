//! The generator: RSA pairs come from a stock of ready ones or from threads of its own, never from a caller's thread, so
//! that making one holds nothing else up. Waiting clients take turns; within one client the first to come is served first.
//!
//! `desk`: where pairs are asked for. `orders`: who waits. `clerk`: who makes what next. `maker`: the making.

mod clerk;
mod config;
pub(crate) mod desk;
mod figures;
mod maker;
mod orders;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use claviger_crypto::rsa::ModulusLength;

use claviger_primes::Engine;

use crate::ec;
pub use crate::error::KeygenError;
use crate::extended::{self, ExtendedSpec};
use crate::length::{LENGTHS, spec_of};
use crate::pair::{PairSpec, UnseenPair};
use crate::priority::{give_way, stand_back};
use clerk::Clerk;
pub use config::{Config, StockSizes};
use desk::{Asked, Desk};
pub use figures::{Figures, SpecFigures};
use maker::{Job, Workbench};

/// Makes pairs. Dropping it stops its threads and wipes what is ready.
#[derive(Debug)]
pub struct Generator {
    desk: Arc<Desk>,
    benches: Vec<Arc<Workbench>>,
    makers: Vec<JoinHandle<()>>,
    /// Absent only when the start failed.
    clerk: Option<JoinHandle<()>>,
    p256_made: AtomicUsize,
    p256k_made: AtomicUsize,
    /// Absent where extended specs are not offered.
    extended_made: Option<[AtomicUsize; ExtendedSpec::ALL.len()]>,
}

/// Below it the pauses between two pieces of work would not be times any more.
const STOCK_CORES_MIN: f64 = 0.001;

impl Generator {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`KeygenError::NoIfma`], [`KeygenError::NoAvx2`], [`KeygenError::NoMemory`], [`KeygenError::NoThreads`].
    pub fn start(config: Config) -> Result<Self, KeygenError> {
        // An engine that this processor cannot run is refused now and not at the first request.
        // And the tables of every length are made by this thread: a maker that has to give way would hold others up.
        for length in LENGTHS {
            Engine::new(config.engine, length)?;
        }
        let desk = Arc::new(Desk::new(&config)?);
        let mut generator = Self {
            desk,
            benches: Vec::new(),
            makers: Vec::new(),
            clerk: None,
            p256_made: AtomicUsize::new(0),
            p256k_made: AtomicUsize::new(0),
            extended_made: config.extended_specs.then(Default::default),
        };
        let threads = config.threads.get();
        let stock_cores = config.stock_cores.clamp(STOCK_CORES_MIN, threads as f64);
        // Every maker that works on the stock does so for the same part of its time.
        let stock_makers = stock_cores.ceil();
        let stock_share = stock_cores / stock_makers;
        let mut makers = Vec::new();
        for n in 0..threads {
            makers.push(generator.start_maker(format!("keygen-{n}"), config, stock_share, give_way)?);
        }
        let rescuer = generator.start_maker("keygen-rescue".to_owned(), config, stock_share, stand_back)?;
        let clerk = Clerk { desk: Arc::clone(&generator.desk), makers, rescuer, stock_makers: stock_makers as usize };
        generator.clerk = Some(spawn("keygen-clerk".to_owned(), move || {
            clerk.desk.set_clerk(std::thread::current());
            clerk.work();
        })?);
        Ok(generator)
    }

    fn start_maker(
        &mut self,
        name: String,
        config: Config,
        stock_share: f64,
        set_priority: fn(),
    ) -> Result<Arc<Workbench>, KeygenError> {
        let bench = Arc::new(Workbench::default());
        let (own, desk) = (Arc::clone(&bench), Arc::clone(&self.desk));
        self.makers.push(spawn(name, move || {
            own.set_thread(std::thread::current());
            set_priority();
            maker::work(&own, &desk, config.engine, stock_share);
        })?);
        self.benches.push(Arc::clone(&bench));
        Ok(bench)
    }

    /// The spec of that name, if it is offered.
    #[must_use]
    pub fn spec(&self, name: &str) -> Option<PairSpec> {
        if self.extended_made.is_some() { PairSpec::parse_extended(name) } else { PairSpec::parse(name) }
    }

    /// A fresh pair. `client` tells clients apart, so that one that asks a lot does not hold up the others. A caller
    /// that stops waiting costs nothing: its order is withdrawn, and a pair that was already made goes to the next.
    ///
    /// EC pairs are made at once, on the caller's thread: 10 to 30 microseconds, as long as checking one signature.
    ///
    /// # Errors
    /// [`KeygenError`].
    pub async fn pair(&self, spec: PairSpec, client: u64) -> Result<UnseenPair, KeygenError> {
        let length = match spec {
            PairSpec::EcP256 => {
                self.p256_made.fetch_add(1, Ordering::Relaxed);
                return ec::p256().map(|pair| UnseenPair::new(pair, None));
            }
            PairSpec::EcP256k => {
                self.p256k_made.fetch_add(1, Ordering::Relaxed);
                return ec::p256k().map(|pair| UnseenPair::new(pair, None));
            }
            PairSpec::Extended(spec) => return self.extended_pair(spec),
            PairSpec::Rsa2048 => ModulusLength::Bits2048,
            PairSpec::Rsa3072 => ModulusLength::Bits3072,
            PairSpec::Rsa4096 => ModulusLength::Bits4096,
        };
        match self.desk.ask(length, client)? {
            Asked::Ready(pair) => Ok(pair),
            Asked::Waiting(waiting) => waiting.pair().await,
        }
    }

    fn extended_pair(&self, spec: ExtendedSpec) -> Result<UnseenPair, KeygenError> {
        let made = self.extended_made.as_ref().ok_or(KeygenError::NotOffered)?;
        let count = ExtendedSpec::ALL.iter().zip(made).find_map(|(one, count)| (*one == spec).then_some(count));
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        extended::pair(spec).map(|pair| UnseenPair::new(pair, None))
    }

    /// What the generator has done and has ready.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let state = self.desk.lock();
        let rsa = LENGTHS.map(|length| {
            let tally = state.tally.of(length);
            SpecFigures {
                spec: spec_of(length),
                stock_level: state.stock.level(length),
                stock_capacity: state.stock.capacity(length),
                made: tally.made,
                from_stock: tally.from_stock,
                on_demand: tally.on_demand,
            }
        });
        let extended = ExtendedSpec::ALL.map(PairSpec::Extended).into_iter().zip(self.extended_made.iter().flatten());
        let ec = [(PairSpec::EcP256, &self.p256_made), (PairSpec::EcP256k, &self.p256k_made)].into_iter();
        let without_stock = ec.chain(extended).map(|(spec, made)| {
            let made = made.load(Ordering::Relaxed);
            SpecFigures { spec, stock_level: 0, stock_capacity: 0, made, from_stock: 0, on_demand: made }
        });
        Figures {
            specs: rsa.into_iter().chain(without_stock).collect(),
            waiting: state.orders.len(),
            refused: state.tally.refused,
            returned: state.tally.returned,
            discarded_old: state.tally.discarded_old,
            discarded_copied: state.tally.discarded_copied,
            discarded_surplus: state.tally.discarded_surplus,
            failed: state.tally.failed,
            is_locked: state.stock.is_locked(),
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        self.desk.stop();
        // A thread that panicked has dropped its work; its callers are answered `Stopped`.
        if let Some(clerk) = self.clerk.take() {
            clerk.thread().unpark();
            let _panicked = clerk.join();
        }
        // Only now, when nobody gives them other jobs.
        self.benches.iter().for_each(|bench| bench.assign(Job::Leave));
        for maker in self.makers.drain(..) {
            let _panicked = maker.join();
        }
    }
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, KeygenError> {
    std::thread::Builder::new().name(name).spawn(work).map_err(|_refused| KeygenError::NoThreads)
}
