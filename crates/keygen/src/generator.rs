//! The generator: RSA pairs are made on threads of its own, one per core, never on a caller's thread, so that making
//! one holds nothing else up. Waiting clients take turns; within one client the first to come is served first.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use claviger_crypto::rsa::ModulusLength;
use tokio::sync::oneshot;

use crate::ec;
use crate::engine::{Engine, EngineKind};
use crate::pair::{Pair, PairSpec};

/// What an operator may choose.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Threads that make RSA pairs.
    pub threads: NonZeroUsize,
}

impl Default for Config {
    /// A thread for each core.
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN) }
    }
}

/// Why there is no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeygenError {
    /// The crypto library or the random generator failed.
    Failed,
    /// The generator is being stopped.
    Stopped,
    /// The system gave no threads.
    NoThreads,
    /// The engine asked for needs AVX-512 IFMA, which this CPU or its operating system does not offer.
    NoIfma,
}

impl fmt::Display for KeygenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "the crypto library could not make a key pair",
            Self::Stopped => "pair generation is being stopped",
            Self::NoThreads => "the system gave no threads for pair generation",
            Self::NoIfma => "the engine \"ifma\" needs a CPU with AVX-512 IFMA; choose \"auto\" or \"dual\"",
        })
    }
}

impl std::error::Error for KeygenError {}

/// Makes pairs. Dropping it stops its threads.
#[derive(Debug)]
pub struct Generator {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

struct Order {
    length: ModulusLength,
    reply: oneshot::Sender<Result<Pair, KeygenError>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Waiting {
    orders: BTreeMap<u64, VecDeque<Order>>,
    /// Clients with orders, the next to be served first.
    turns: VecDeque<u64>,
    is_stopped: bool,
}

impl Generator {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`KeygenError::NoThreads`].
    pub fn start(config: Config) -> Result<Self, KeygenError> {
        let mut generator = Self { queue: Arc::default(), threads: Vec::new() };
        for n in 0..config.threads.get() {
            let queue = Arc::clone(&generator.queue);
            let thread = std::thread::Builder::new().name(format!("keygen-{n}")).spawn(move || queue.work());
            generator.threads.push(thread.map_err(|_refused| KeygenError::NoThreads)?);
        }
        Ok(generator)
    }

    /// A fresh pair. `client` tells clients apart, so that one that asks a lot does not hold up the others. A caller
    /// that stops waiting costs nothing if its turn had not come, and a wiped pair otherwise.
    ///
    /// # Errors
    /// [`KeygenError`].
    pub async fn pair(&self, spec: PairSpec, client: u64) -> Result<Pair, KeygenError> {
        let length = match spec {
            PairSpec::EcP256 => return ec::p256(),
            PairSpec::EcP256k => return ec::p256k(),
            PairSpec::Rsa2048 => ModulusLength::Bits2048,
            PairSpec::Rsa3072 => ModulusLength::Bits3072,
            PairSpec::Rsa4096 => ModulusLength::Bits4096,
        };
        let (reply, replied) = oneshot::channel();
        self.queue.push(client, Order { length, reply });
        replied.await.map_err(|_dropped| KeygenError::Stopped)?
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.is_stopped = true;
        waiting.orders.clear();
        drop(waiting);
        self.queue.came.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has dropped its order; its caller was answered `Stopped`.
            let _panicked = thread.join();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, client: u64, order: Order) {
        let mut waiting = self.lock();
        let orders = waiting.orders.entry(client).or_default();
        orders.push_back(order);
        if orders.len() == 1 {
            waiting.turns.push_back(client);
        }
        drop(waiting);
        self.came.notify_one();
    }

    /// The next order, or `None` once stopped.
    fn next(&self) -> Option<Order> {
        let mut waiting = self.lock();
        loop {
            if waiting.is_stopped {
                return None;
            }
            if let Some(order) = waiting.take() {
                return Some(order);
            }
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self) {
        while let Some(order) = self.next() {
            if order.reply.is_closed() {
                continue;
            }
            // A caller that has gone drops the pair, which wipes it.
            let _gone = order.reply.send(rsa(order.length));
        }
    }
}

impl Waiting {
    fn take(&mut self) -> Option<Order> {
        let client = self.turns.pop_front()?;
        let orders = self.orders.get_mut(&client)?;
        let order = orders.pop_front();
        if orders.is_empty() {
            self.orders.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        order
    }
}

fn rsa(length: ModulusLength) -> Result<Pair, KeygenError> {
    Engine::new(EngineKind::Auto, length)?.next_pair(&mut || true)?.ok_or(KeygenError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> (Order, oneshot::Receiver<Result<Pair, KeygenError>>) {
        let (reply, replied) = oneshot::channel();
        (Order { length: ModulusLength::Bits2048, reply }, replied)
    }

    #[test]
    fn clients_take_turns_and_each_is_served_in_order() {
        let queue = Queue::default();
        let mut receivers = Vec::new();
        for client in [1, 1, 1, 2, 3, 2] {
            let (order, receiver) = order();
            queue.push(client, order);
            receivers.push(receiver);
        }
        let mut served = Vec::new();
        while let Some(order) = queue.lock().take() {
            order.reply.send(Err(KeygenError::Failed)).unwrap();
            let at = receivers.iter_mut().position(|receiver| receiver.try_recv().is_ok());
            served.push(at.unwrap());
        }
        assert_eq!(served, [0, 3, 4, 1, 5, 2]);
        assert!(queue.lock().orders.is_empty() && queue.lock().turns.is_empty());
    }
}
