//! The generator as its callers see it. Tests of the broker alone use numbered stand-ins for pairs; tests with workers use
//! real ones.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use claviger_base::SecretBytes;

use super::broker::QueuedRequest;
use super::requests::REQUESTS_MAX;
use super::*;
use crate::config::StockSizes;
use crate::pair::Pair;
use crate::snapshot::time_since_boot;
use crate::unclaimed::{Origin, TakeBack as _};

const LENGTH: ModulusLength = ModulusLength::Bits2048;
/// Longest wait for anything here, so that a fault fails the test instead of hanging it.
const LIMIT: Duration = Duration::from_secs(300);

fn config(stock: StockSizes) -> Config {
    Config { threads: NonZeroUsize::new(2).unwrap(), stock, stock_cores: 2.0, ..Config::default() }
}

fn broker(rsa_2048: usize, stock_max_age: Duration) -> Arc<PairBroker> {
    let stock = StockSizes { rsa_2048, ..StockSizes::NONE };
    Arc::new(PairBroker::new(&Config { stock_max_age, ..config(stock) }).unwrap())
}

fn numbered(number: u32) -> Pair {
    Pair { public_key: number.to_le_bytes().to_vec(), private_key: SecretBytes::copy_from(&number.to_le_bytes()) }
}

fn number(pair: UnclaimedPair) -> u32 {
    let (public_key, private_key) = pair.into_parts();
    assert_eq!(public_key, private_key.reveal());
    u32::from_le_bytes(public_key.try_into().unwrap())
}

fn deliver(broker: &Arc<PairBroker>, number: u32) {
    let origin = Origin { length: LENGTH, made_at: time_since_boot(), epoch: broker.epoch() };
    broker.hand_out(numbered(number), origin);
}

fn ready(broker: &Arc<PairBroker>) -> Option<UnclaimedPair> {
    match broker.request(LENGTH, 0).unwrap() {
        Requested::Ready(pair) => Some(pair),
        Requested::Queued(_withdrawn) => None,
    }
}

fn waiting(broker: &Arc<PairBroker>, client: u64) -> QueuedRequest {
    match broker.request(LENGTH, client).unwrap() {
        Requested::Ready(_) => panic!("nothing should be ready"),
        Requested::Queued(waiting) => waiting,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Many threads take pairs while others are put in; some claim theirs, some drop them unclaimed.
#[test]
fn a_pair_leaves_at_most_once_and_none_is_lost() {
    const PAIRS: u32 = 4_000;
    let broker = broker(64, LIMIT);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let (broker, seen) = (&broker, &seen);
            scope.spawn(move || {
                let mut turn = thread;
                while seen.lock().unwrap().len() < PAIRS as usize {
                    turn += 1;
                    match ready(broker) {
                        Some(unclaimed) if turn.is_multiple_of(3) => drop(unclaimed),
                        Some(pair) => {
                            let number = number(pair);
                            seen.lock().unwrap().push(number);
                        }
                        None => std::thread::yield_now(),
                    }
                }
            });
        }
        let broker = &broker;
        scope.spawn(move || {
            for number in 0..PAIRS {
                // Above half, pairs that come back could fill the stock, and the next would be discarded.
                while broker.lock().stock.level(LENGTH) > 32 {
                    std::thread::yield_now();
                }
                deliver(broker, number);
            }
        });
    });
    let seen = seen.into_inner().unwrap();
    let distinct: BTreeSet<u32> = seen.iter().copied().collect();
    assert_eq!(seen.len(), distinct.len(), "a pair left twice");
    assert_eq!(distinct.len(), PAIRS as usize, "a pair was lost");
    let state = broker.lock();
    assert_eq!((state.stock.level(LENGTH), state.requests.len(), state.tally.discarded_surplus), (0, 0, 0));
}

#[test]
fn ten_thousand_requests_wait_and_are_served_in_order_of_arrival() {
    const WAITING: u32 = 10_000;
    let broker = broker(0, LIMIT);
    let requests: Vec<QueuedRequest> = (0..WAITING).map(|_| waiting(&broker, 7)).collect();
    assert_eq!(broker.lock().requests.len(), WAITING as usize);
    let served = runtime().block_on(async {
        for number in 0..WAITING {
            broker.lock().requests.activate(2);
            deliver(&broker, number);
        }
        let mut served = Vec::new();
        for request in requests {
            served.push(number(request.pair().await.unwrap()));
        }
        served
    });
    assert!(served.into_iter().eq(0..WAITING));
    assert_eq!(broker.lock().requests.len(), 0);
}

#[test]
fn beyond_the_bound_requests_are_refused_and_places_become_free_again() {
    let broker = broker(0, LIMIT);
    let mut requests = Vec::new();
    let refused = loop {
        match broker.request(LENGTH, 7) {
            Ok(Requested::Queued(request)) => requests.push(request),
            Ok(Requested::Ready(_)) => panic!("nothing is ready"),
            Err(error) => break error,
        }
    };
    assert_eq!((refused, requests.len()), (KeygenError::TooManyWaiting, REQUESTS_MAX / 2));
    assert!(broker.request(LENGTH, 8).is_ok(), "another client still has room");
    requests.clear();
    assert_eq!(broker.lock().requests.len(), 0, "callers who go away free their places");
    assert!(broker.request(LENGTH, 7).is_ok());
    assert_eq!(broker.lock().tally.refused, 1);
}

#[test]
fn a_request_whose_caller_goes_away_costs_no_pair() {
    let broker = broker(2, LIMIT);
    let (gone, stays) = (waiting(&broker, 1), waiting(&broker, 2));
    broker.lock().requests.activate(2);
    drop(gone);
    deliver(&broker, 1);
    assert_eq!(runtime().block_on(stays.pair()).map(number), Ok(1), "the pair went to the one who stayed");
}

#[test]
fn a_pair_that_was_sent_and_not_claimed_goes_to_the_next_request() {
    let broker = broker(1, LIMIT);
    let (gone, stays) = (waiting(&broker, 1), waiting(&broker, 2));
    broker.lock().requests.activate(2);
    deliver(&broker, 1);
    drop(gone);
    assert_eq!(runtime().block_on(stays.pair()).map(number), Ok(1));
    let last = waiting(&broker, 3);
    broker.lock().requests.activate(2);
    deliver(&broker, 2);
    drop(last);
    assert_eq!(ready(&broker).map(number), Some(2), "with no request waiting it goes into the stock");
    assert!(ready(&broker).is_none());
    assert_eq!(broker.lock().tally.returned, 2);
}

#[test]
fn a_claimed_pair_never_comes_back() {
    let broker = broker(1, LIMIT);
    deliver(&broker, 1);
    let (public_key, private_key) = ready(&broker).unwrap().into_parts();
    drop((public_key, private_key));
    assert!(ready(&broker).is_none());
    assert_eq!(broker.lock().tally.returned, 0);
}

#[test]
fn evidence_of_copied_memory_empties_the_stock_and_keeps_out_pairs_on_their_way() {
    let broker = broker(4, LIMIT);
    (0..3).for_each(|number| deliver(&broker, number));
    let taken = ready(&broker).unwrap();
    let half_made = Origin { length: LENGTH, made_at: time_since_boot(), epoch: broker.epoch() };
    broker.lock().snapshot_detector_mut().pretend_the_clock_was_set();
    assert!(ready(&broker).is_none(), "the very next request sees the evidence");
    assert_eq!(broker.lock().tally.discarded_copied, 2);
    drop(taken);
    broker.hand_out(numbered(9), half_made);
    assert!(ready(&broker).is_none());
    assert_eq!(broker.lock().tally.discarded_copied, 4);
    deliver(&broker, 5);
    assert_eq!(ready(&broker).map(number), Some(5), "pairs made afterwards are good");
}

#[test]
fn old_pairs_are_discarded_before_they_are_handed_out() {
    let broker = broker(4, Duration::ZERO);
    let origin = Origin { length: LENGTH, made_at: time_since_boot(), epoch: broker.epoch() };
    let put = broker.lock().stock.put(LENGTH, &numbered(1), origin.made_at);
    assert!(put);
    std::thread::sleep(Duration::from_millis(1));
    assert!(ready(&broker).is_none());
    Arc::clone(&broker).take_back(numbered(2), origin);
    assert!(ready(&broker).is_none(), "coming back does not make a pair young");
    assert_eq!(broker.lock().tally.discarded_old, 2);
}

#[test]
fn workers_fill_the_stock_and_serve_requests_that_find_it_empty() {
    let stock = StockSizes { rsa_2048: 2, ..StockSizes::NONE };
    let generator = Generator::start(config(stock)).unwrap();
    let started = Instant::now();
    while generator.figures().specs[0].stock_level < 2 {
        assert!(started.elapsed() < LIMIT, "{:?}", generator.figures());
        std::thread::sleep(Duration::from_millis(5));
    }
    let pairs = runtime().block_on(async {
        let mut pairs = Vec::new();
        for spec in [PairSpec::Rsa2048, PairSpec::Rsa2048, PairSpec::Rsa3072, PairSpec::EcP256, PairSpec::EcP256k] {
            let pair = tokio::time::timeout(LIMIT, generator.pair(spec, 1)).await.unwrap().unwrap();
            pairs.push(pair.into_parts().0);
        }
        pairs
    });
    let distinct: BTreeSet<&Vec<u8>> = pairs.iter().collect();
    assert_eq!(distinct.len(), 5);
    let specs = generator.figures().specs;
    assert!(specs[0].from_stock >= 1 && specs[1].from_stock == 0, "{specs:?}");
    assert_eq!((specs[1].on_demand, specs[2].on_demand, specs[3].on_demand), (1, 0, 1));
    assert!(specs[1].stock_capacity == 0 && specs[1].stock_level == 0);
}

#[test]
fn stopping_answers_waiting_requests() {
    let generator = Generator::start(config(StockSizes::NONE)).unwrap();
    let broker = Arc::clone(&generator.broker);
    let requests: Vec<QueuedRequest> = (0..50).map(|client| waiting(&broker, client)).collect();
    drop(generator);
    let stopped = runtime().block_on(async {
        let mut stopped = 0;
        for request in requests {
            stopped += usize::from(matches!(request.pair().await, Err(KeygenError::Stopped)));
        }
        stopped
    });
    assert!(stopped > 40, "{stopped}");
    assert!(matches!(broker.request(LENGTH, 1), Err(KeygenError::Stopped)));
}
