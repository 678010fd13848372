//! The broker: where pairs are requested and finished pairs are handed out. One lock guards the queue and the stock.
//!
//! Only threads of normal priority take the lock, each for microseconds. Workers never do: a worker that the scheduler
//! preempted while it held the lock would block every request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use claviger_crypto::rsa::ModulusLength;
use tokio::sync::oneshot;

use super::figures::Tally;
use super::requests::{Request, RequestQueue};
use crate::config::Config;
use crate::error::KeygenError;
use crate::pair::Pair;
use crate::snapshot::{SnapshotDetector, SnapshotEvidence, time_since_boot};
use crate::stock::Stock;
use crate::unclaimed::{Origin, TakeBack, UnclaimedPair};

#[derive(Debug)]
pub(crate) struct PairBroker {
    state: Mutex<State>,
    /// Empty until the dispatcher runs.
    dispatcher: OnceLock<Thread>,
    /// Incremented when this machine's memory may have been copied: pairs finished or begun before are discarded.
    epoch: AtomicU64,
    stock_max_age: Duration,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) requests: RequestQueue,
    pub(crate) stock: Stock,
    pub(crate) tally: Tally,
    pub(crate) is_stopped: bool,
    /// Whether a worker is filling the stock. If so, the dispatcher need not be woken when a pair leaves.
    pub(crate) is_filling: bool,
    /// For the dispatcher to log: writing to the log may block, which is not allowed under the lock.
    pub(crate) snapshot_alert: Option<(SnapshotEvidence, usize)>,
    snapshot_detector: SnapshotDetector,
}

impl State {
    /// The request that gets the pair. If there is none, the pair is copied into the stock unless it must be discarded.
    fn place(&mut self, pair: &Pair, origin: Origin, epoch: u64, stock_max_age: Duration) -> Option<Request> {
        if origin.epoch != epoch {
            self.tally.discarded_copied += 1;
            return None;
        }
        if let Some(request) = self.requests.serve(origin.length) {
            self.tally.of_mut(origin.length).on_demand += 1;
            return Some(request);
        }
        if time_since_boot().saturating_sub(origin.made_at) > stock_max_age {
            self.tally.discarded_old += 1;
        } else if !self.stock.put(origin.length, pair, origin.made_at) {
            self.tally.discarded_surplus += 1;
        }
        None
    }
}

#[cfg(test)]
impl State {
    pub(super) fn snapshot_detector_mut(&mut self) -> &mut SnapshotDetector {
        &mut self.snapshot_detector
    }
}

/// The broker's answer to a request.
pub(crate) enum Requested {
    Ready(UnclaimedPair),
    Queued(QueuedRequest),
}

/// A request in the queue. Dropping it withdraws the request.
pub(crate) struct QueuedRequest {
    broker: Arc<PairBroker>,
    client: u64,
    id: u64,
    replied: oneshot::Receiver<Result<UnclaimedPair, KeygenError>>,
    is_answered: bool,
}

impl QueuedRequest {
    pub(crate) async fn pair(mut self) -> Result<UnclaimedPair, KeygenError> {
        let replied = (&mut self.replied).await;
        self.is_answered = true;
        replied.map_err(|_dropped| KeygenError::Stopped)?
    }
}

impl Drop for QueuedRequest {
    fn drop(&mut self) {
        // A pair that was already sent returns to the broker when the channel drops it.
        if !self.is_answered {
            let withdrawn = self.broker.lock().requests.withdraw(self.client, self.id);
            if withdrawn.is_some() {
                self.broker.wake_dispatcher();
            }
        }
    }
}

impl PairBroker {
    pub(crate) fn new(config: &Config) -> Result<Self, KeygenError> {
        let state = State {
            requests: RequestQueue::default(),
            stock: Stock::new(config.stock)?,
            tally: Tally::default(),
            is_stopped: false,
            is_filling: false,
            snapshot_alert: None,
            snapshot_detector: SnapshotDetector::new(),
        };
        let (dispatcher, epoch) = (OnceLock::new(), AtomicU64::new(0));
        Ok(Self { state: Mutex::new(state), dispatcher, epoch, stock_max_age: config.stock_max_age })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the thread that [`wake_dispatcher`](Self::wake_dispatcher) wakes.
    pub(crate) fn set_dispatcher(&self, dispatcher: Thread) {
        let _only_once = self.dispatcher.set(dispatcher);
    }

    pub(crate) fn wake_dispatcher(&self) {
        if let Some(dispatcher) = self.dispatcher.get() {
            dispatcher.unpark();
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// A ready pair, or else a place in the queue.
    ///
    /// # Errors
    /// [`KeygenError::TooManyWaiting`], [`KeygenError::Stopped`].
    pub(crate) fn request(self: &Arc<Self>, length: ModulusLength, client: u64) -> Result<Requested, KeygenError> {
        let mut state = self.lock();
        if state.is_stopped {
            return Err(KeygenError::Stopped);
        }
        let evidence = state.snapshot_detector.check();
        self.discard_stale(&mut state, evidence);
        let epoch = self.epoch();
        if let Some((pair, made_at)) = state.stock.take(length) {
            state.tally.of_mut(length).from_stock += 1;
            let is_filling = state.is_filling;
            drop(state);
            if !is_filling {
                self.wake_dispatcher();
            }
            return Ok(Requested::Ready(self.unclaimed(pair, Origin { length, made_at, epoch })));
        }
        let (reply, replied) = oneshot::channel();
        let pushed = state.requests.push(client, length, reply);
        if pushed.is_err() {
            state.tally.refused += 1;
        }
        drop(state);
        let id = pushed?;
        self.wake_dispatcher();
        Ok(Requested::Queued(QueuedRequest { broker: Arc::clone(self), client, id, replied, is_answered: false }))
    }

    fn unclaimed(self: &Arc<Self>, pair: Pair, origin: Origin) -> UnclaimedPair {
        let owner: Arc<Self> = Arc::clone(self);
        UnclaimedPair::owned(pair, owner, origin)
    }

    /// Discards pairs that are too old or, given evidence that memory was copied, all of them.
    fn discard_stale(&self, state: &mut State, evidence: Option<SnapshotEvidence>) {
        if let Some(evidence) = evidence {
            self.epoch.fetch_add(1, Ordering::AcqRel);
            let discarded = state.stock.discard_all();
            state.tally.discarded_copied += discarded;
            state.snapshot_alert = Some((evidence, discarded));
            self.wake_dispatcher();
        }
        if let Some(moment) = time_since_boot().checked_sub(self.stock_max_age) {
            state.tally.discarded_old += state.stock.discard_made_before(moment);
        }
    }

    /// The dispatcher's periodic inspection of the stock, which also compares the boot id.
    pub(crate) fn inspect(&self) {
        let mut state = self.lock();
        let evidence = state.snapshot_detector.check_with_boot_id();
        self.discard_stale(&mut state, evidence);
    }

    /// Hands a pair to the request that is due, or else puts it into the stock. A pair that neither may take is wiped.
    pub(crate) fn hand_out(self: &Arc<Self>, mut pair: Pair, origin: Origin) {
        while let Some((request, placed)) = self.find_request(pair, origin) {
            // Without the lock: if the caller has gone, dropping the pair takes the lock.
            let Err(Ok(unclaimed)) = request.reply.send(Ok(self.unclaimed(placed, origin))) else { return };
            pair = unclaimed.into_pair();
            self.lock().tally.returned += 1;
        }
    }

    fn find_request(&self, pair: Pair, origin: Origin) -> Option<(Request, Pair)> {
        let mut state = self.lock();
        // The epoch changes only under the lock.
        let epoch = self.epoch();
        let request = state.place(&pair, origin, epoch, self.stock_max_age);
        drop(state);
        // A pair without a request is wiped and freed here, after the lock was released: the allocator may have to wait for a
        // worker that was preempted inside it.
        request.map(|request| (request, pair))
    }

    /// Tells the request that is due that its pair cannot be made.
    pub(crate) fn fail(&self, length: ModulusLength, error: KeygenError) {
        let mut state = self.lock();
        state.tally.failed += 1;
        let request = state.requests.serve_active(length);
        drop(state);
        if let Some(request) = request {
            let _caller_gone = request.reply.send(Err(error));
        }
    }

    /// Refuses all further requests and drops those in the queue.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        let requests = state.requests.take_all();
        drop(state);
        drop(requests);
        self.wake_dispatcher();
    }
}

impl TakeBack for PairBroker {
    fn take_back(self: Arc<Self>, pair: Pair, origin: Origin) {
        self.lock().tally.returned += 1;
        self.hand_out(pair, origin);
    }
}
