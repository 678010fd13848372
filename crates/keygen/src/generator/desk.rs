//! The desk: where pairs are asked for, and where finished ones are given out. One lock over orders and stock.
//!
//! Rule: only threads of ordinary urgency take the lock, each for microseconds. Makers never do: one that was stopped
//! by the scheduler while holding it would hold up every request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use claviger_crypto::rsa::ModulusLength;
use tokio::sync::oneshot;

use super::Config;
use super::figures::Tally;
use super::orders::{Order, Orders};
use crate::error::KeygenError;
use crate::pair::{Home, Pair, UnseenPair};
use crate::stock::Stock;
use crate::stock::witness::{Sign, Witness, time_since_boot};

/// Where a pair came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) length: ModulusLength,
    /// Time since boot.
    pub(crate) made_at: Duration,
    /// What was made in another epoch is not handed out.
    pub(crate) epoch: u64,
}

#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    /// Wakes the clerk; empty until it runs.
    clerk: OnceLock<Thread>,
    /// Ends when this machine's memory may have been copied: everything ready or half made is discarded.
    epoch: AtomicU64,
    stock_max_age: Duration,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) orders: Orders,
    pub(crate) stock: Stock,
    pub(crate) tally: Tally,
    pub(crate) is_stopped: bool,
    /// Whether a maker works on the stock now; if so the clerk need not be told that a pair left.
    pub(crate) is_filling: bool,
    /// What the clerk is to log: writing to a log may block, and nothing blocks under the lock.
    pub(crate) alarm: Option<(Sign, usize)>,
    witness: Witness,
}

impl State {
    /// The order whose turn it is; with none waiting, the pair is copied into the stock, unless nobody may have it.
    fn place(&mut self, pair: &Pair, origin: Origin, epoch: u64, stock_max_age: Duration) -> Option<Order> {
        if origin.epoch != epoch {
            self.tally.discarded_copied += 1;
            return None;
        }
        if let Some(order) = self.orders.serve(origin.length) {
            self.tally.of_mut(origin.length).on_demand += 1;
            return Some(order);
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
    pub(super) fn witness_mut(&mut self) -> &mut Witness {
        &mut self.witness
    }
}

/// What becomes of a request for a pair.
pub(crate) enum Asked {
    Ready(UnseenPair),
    Waiting(Waiting),
}

/// An order that waits. Dropped, it is withdrawn.
pub(crate) struct Waiting {
    desk: Arc<Desk>,
    client: u64,
    id: u64,
    replied: oneshot::Receiver<Result<UnseenPair, KeygenError>>,
    is_answered: bool,
}

impl Waiting {
    pub(crate) async fn pair(mut self) -> Result<UnseenPair, KeygenError> {
        let replied = (&mut self.replied).await;
        self.is_answered = true;
        replied.map_err(|_dropped| KeygenError::Stopped)?
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A pair that was sent already goes home when the channel drops it.
        if !self.is_answered {
            let withdrawn = self.desk.lock().orders.withdraw(self.client, self.id);
            if withdrawn.is_some() {
                self.desk.wake_clerk();
            }
        }
    }
}

impl Desk {
    pub(crate) fn new(config: &Config) -> Result<Self, KeygenError> {
        let state = State {
            orders: Orders::default(),
            stock: Stock::new(config.stock)?,
            tally: Tally::default(),
            is_stopped: false,
            is_filling: false,
            alarm: None,
            witness: Witness::new(),
        };
        let (clerk, epoch) = (OnceLock::new(), AtomicU64::new(0));
        Ok(Self { state: Mutex::new(state), clerk, epoch, stock_max_age: config.stock_max_age })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clerk's thread, once it runs.
    pub(crate) fn set_clerk(&self, clerk: Thread) {
        let _only_once = self.clerk.set(clerk);
    }

    pub(crate) fn wake_clerk(&self) {
        if let Some(clerk) = self.clerk.get() {
            clerk.unpark();
        }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// A ready pair, or a place among those who wait for one.
    ///
    /// # Errors
    /// [`KeygenError::TooManyWaiting`], [`KeygenError::Stopped`].
    pub(crate) fn ask(self: &Arc<Self>, length: ModulusLength, client: u64) -> Result<Asked, KeygenError> {
        let mut state = self.lock();
        if state.is_stopped {
            return Err(KeygenError::Stopped);
        }
        let sign = state.witness.look();
        self.discard_stale(&mut state, sign);
        let epoch = self.epoch();
        if let Some((pair, made_at)) = state.stock.take(length) {
            state.tally.of_mut(length).from_stock += 1;
            let is_filling = state.is_filling;
            drop(state);
            if !is_filling {
                self.wake_clerk();
            }
            let home = Home { desk: Arc::clone(self), origin: Origin { length, made_at, epoch } };
            return Ok(Asked::Ready(UnseenPair::new(pair, Some(home))));
        }
        let (reply, replied) = oneshot::channel();
        let pushed = state.orders.push(client, length, reply);
        if pushed.is_err() {
            state.tally.refused += 1;
        }
        drop(state);
        let id = pushed?;
        self.wake_clerk();
        Ok(Asked::Waiting(Waiting { desk: Arc::clone(self), client, id, replied, is_answered: false }))
    }

    /// Discards what is too old and, if there was a sign that memory was copied, everything.
    pub(crate) fn discard_stale(&self, state: &mut State, sign: Option<Sign>) {
        if let Some(sign) = sign {
            self.epoch.fetch_add(1, Ordering::AcqRel);
            let discarded = state.stock.discard_all();
            state.tally.discarded_copied += discarded;
            state.alarm = Some((sign, discarded));
            self.wake_clerk();
        }
        if let Some(moment) = time_since_boot().checked_sub(self.stock_max_age) {
            state.tally.discarded_old += state.stock.discard_made_before(moment);
        }
    }

    /// As the clerk does it from time to time: looks more closely.
    pub(crate) fn inspect(&self) {
        let mut state = self.lock();
        let sign = state.witness.look_closely();
        self.discard_stale(&mut state, sign);
    }

    /// A pair that was handed out and not looked at.
    pub(crate) fn take_back(self: &Arc<Self>, pair: Pair, origin: Origin) {
        self.lock().tally.returned += 1;
        self.give_out(pair, origin);
    }

    /// Gives a pair to the order whose turn it is, or else to the stock; what nobody may have is wiped.
    pub(crate) fn give_out(self: &Arc<Self>, mut pair: Pair, origin: Origin) {
        while let Some((order, unsent)) = self.find_taker(pair, origin) {
            let home = Home { desk: Arc::clone(self), origin };
            // Outside the lock: a pair that cannot be sent comes back to it.
            let Err(Ok(unseen)) = order.reply.send(Ok(UnseenPair::new(unsent, Some(home)))) else { return };
            let Some((unsent, _home)) = unseen.take() else { return };
            self.lock().tally.returned += 1;
            pair = unsent;
        }
    }

    fn find_taker(&self, pair: Pair, origin: Origin) -> Option<(Order, Pair)> {
        let mut state = self.lock();
        // Read under the lock, under which it ends.
        let epoch = self.epoch();
        let order = state.place(&pair, origin, epoch, self.stock_max_age);
        drop(state);
        // What nobody takes is wiped and freed here, without the lock: the allocator may have to wait for a maker that was
        // stopped in it.
        order.map(|order| (order, pair))
    }

    /// Tells the order whose turn it is that its pair cannot be made.
    pub(crate) fn fail(&self, length: ModulusLength, error: KeygenError) {
        let mut state = self.lock();
        state.tally.failed += 1;
        let order = state.orders.serve_at_work(length);
        drop(state);
        if let Some(order) = order {
            let _gone = order.reply.send(Err(error));
        }
    }

    /// Refuses everything from now on and drops what waits.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        let orders = state.orders.take_all();
        drop(state);
        drop(orders);
        self.wake_clerk();
    }
}
