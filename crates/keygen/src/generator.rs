//! The generator: hands out RSA pairs from a stock of ready ones, or has threads of its own make them. A caller's thread
//! never makes an RSA pair, so making one delays nothing else. Waiting clients take turns; requests of one client are served
//! in the order of arrival.
//!
//! `broker`: where pairs are requested and handed out. `requests`: the queue. `dispatcher`: decides what each worker makes
//! next. `slot`: how the dispatcher and a worker communicate. `worker`: makes pairs.

mod broker;
mod dispatcher;
pub(crate) mod figures;
mod requests;
mod slot;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use claviger_crypto::rsa::ModulusLength;
use claviger_primes::Engine;

use crate::config::Config;
use crate::ec;
use crate::error::KeygenError;
use crate::extended;
use crate::length::{LENGTHS, spec_of};
use crate::priority::{lower_priority, run_when_idle};
use crate::spec::{ExtendedSpec, PairSpec};
use crate::unclaimed::UnclaimedPair;
use broker::{PairBroker, Requested};
use dispatcher::Dispatcher;
use figures::{Figures, SpecFigures};
use slot::{Job, WorkerSlot};

/// Makes pairs. Dropping it stops its threads and wipes the stock.
///
/// ```
/// use claviger_keygen::{Config, Generator, PairSpec, StockSizes};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let generator = Generator::start(Config { stock: StockSizes::NONE, ..Config::default() })?;
/// let client = 1;
/// let pair = generator.pair(PairSpec::Rsa2048, client).await?;
/// let (spki_der, pkcs8_der) = pair.into_parts();
/// assert!(!spki_der.is_empty() && !pkcs8_der.is_empty());
/// # Ok::<(), claviger_keygen::KeygenError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Generator {
    broker: Arc<PairBroker>,
    slots: Vec<Arc<WorkerSlot>>,
    workers: Vec<JoinHandle<()>>,
    /// `None` only if starting failed.
    dispatcher: Option<JoinHandle<()>>,
    p256_made: AtomicUsize,
    p256k_made: AtomicUsize,
    /// `None` unless extended specs are offered.
    extended_made: Option<[AtomicUsize; ExtendedSpec::ALL.len()]>,
}

/// A smaller share would make the workers' pauses too long for a `Duration`.
const STOCK_CORES_MIN: f64 = 0.001;

impl Generator {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`KeygenError::NoIfma`], [`KeygenError::NoAvx2`], [`KeygenError::NoMemory`], [`KeygenError::NoThreads`].
    pub fn start(config: Config) -> Result<Self, KeygenError> {
        // Refuses an engine that this CPU cannot run now instead of at the first request. It also computes the tables of every
        // length on this thread: other threads would have to wait for a worker that was preempted while computing them.
        for length in LENGTHS {
            Engine::new(config.engine, length)?;
        }
        let broker = Arc::new(PairBroker::new(&config)?);
        let mut generator = Self {
            broker,
            slots: Vec::new(),
            workers: Vec::new(),
            dispatcher: None,
            p256_made: AtomicUsize::new(0),
            p256k_made: AtomicUsize::new(0),
            extended_made: config.extended_specs.then(Default::default),
        };
        let threads = config.threads.get();
        let stock_cores = config.stock_cores.clamp(STOCK_CORES_MIN, threads as f64);
        // Every worker that fills the stock spends the same share of its time on it.
        let stock_workers = stock_cores.ceil();
        let stock_share = stock_cores / stock_workers;
        let mut workers = Vec::new();
        for n in 0..threads {
            workers.push(generator.start_worker(format!("keygen-{n}"), config, stock_share, run_when_idle)?);
        }
        let fallback = generator.start_worker("keygen-fallback".to_owned(), config, stock_share, lower_priority)?;
        let dispatcher = Dispatcher {
            broker: Arc::clone(&generator.broker),
            workers,
            fallback,
            stock_workers: stock_workers as usize,
        };
        generator.dispatcher = Some(spawn("keygen-dispatch".to_owned(), move || {
            dispatcher.broker.set_dispatcher(std::thread::current());
            dispatcher.run();
        })?);
        Ok(generator)
    }

    fn start_worker(
        &mut self,
        name: String,
        config: Config,
        stock_share: f64,
        set_priority: fn(),
    ) -> Result<Arc<WorkerSlot>, KeygenError> {
        let slot = Arc::new(WorkerSlot::default());
        let (own, broker) = (Arc::clone(&slot), Arc::clone(&self.broker));
        self.workers.push(spawn(name, move || {
            own.set_thread(std::thread::current());
            set_priority();
            worker::run(&own, &broker, config.engine, stock_share);
        })?);
        self.slots.push(Arc::clone(&slot));
        Ok(slot)
    }

    /// The spec of that name, if this generator offers it.
    #[must_use]
    pub fn spec(&self, name: &str) -> Option<PairSpec> {
        if self.extended_made.is_some() { PairSpec::parse_extended(name) } else { PairSpec::parse(name) }
    }

    /// A fresh pair. `client` tells clients apart, so that a client with many requests does not delay the others. Dropping
    /// the future withdraws the request; a pair that was already made for it goes to another request.
    ///
    /// EC and extended pairs are made immediately on the caller's thread. An EC pair takes 10 to 30 microseconds, about as
    /// long as verifying a signature.
    ///
    /// # Errors
    /// [`KeygenError`].
    pub async fn pair(&self, spec: PairSpec, client: u64) -> Result<UnclaimedPair, KeygenError> {
        let length = match spec {
            PairSpec::EcP256 => {
                self.p256_made.fetch_add(1, Ordering::Relaxed);
                return ec::p256().map(UnclaimedPair::unowned);
            }
            PairSpec::EcP256k => {
                self.p256k_made.fetch_add(1, Ordering::Relaxed);
                return ec::p256k().map(UnclaimedPair::unowned);
            }
            PairSpec::Extended(spec) => return self.extended_pair(spec),
            PairSpec::Rsa2048 => ModulusLength::Bits2048,
            PairSpec::Rsa3072 => ModulusLength::Bits3072,
            PairSpec::Rsa4096 => ModulusLength::Bits4096,
        };
        match self.broker.request(length, client)? {
            Requested::Ready(pair) => Ok(pair),
            Requested::Queued(request) => request.pair().await,
        }
    }

    fn extended_pair(&self, spec: ExtendedSpec) -> Result<UnclaimedPair, KeygenError> {
        let made = self.extended_made.as_ref().ok_or(KeygenError::NotOffered)?;
        let count = ExtendedSpec::ALL.iter().zip(made).find_map(|(one, count)| (*one == spec).then_some(count));
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        extended::pair(spec).map(UnclaimedPair::unowned)
    }

    /// Counters since the start, and the current level of stock and queue.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let state = self.broker.lock();
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
            waiting: state.requests.len(),
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
        self.broker.stop();
        // A dispatcher that panicked has dropped its work; its callers get `Stopped`.
        if let Some(dispatcher) = self.dispatcher.take() {
            dispatcher.thread().unpark();
            let _panicked = dispatcher.join();
        }
        // Only after the dispatcher has ended can nothing replace this job.
        self.slots.iter().for_each(|slot| slot.assign(Job::Exit));
        for worker in self.workers.drain(..) {
            let _panicked = worker.join();
        }
    }
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, KeygenError> {
    std::thread::Builder::new().name(name).spawn(work).map_err(|_refused| KeygenError::NoThreads)
}
