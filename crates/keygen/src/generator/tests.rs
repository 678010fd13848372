//! The generator as its users meet it. Pairs are numbered stand-ins where only their way matters, and real where the
//! makers take part.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use claviger_base::SecretBytes;

use super::desk::{Origin, Waiting};
use super::orders::ORDERS_MAX;
use super::*;
use crate::pair::Pair;
use crate::stock::witness::time_since_boot;

const LENGTH: ModulusLength = ModulusLength::Bits2048;
/// Longest wait for anything here, so that a fault shows as a failure and not as a hanging test.
const LIMIT: Duration = Duration::from_secs(300);

fn config(stock: StockSizes) -> Config {
    Config { threads: NonZeroUsize::new(2).unwrap(), stock, stock_cores: 2.0, ..Config::default() }
}

fn desk(rsa_2048: usize, stock_max_age: Duration) -> Arc<Desk> {
    let stock = StockSizes { rsa_2048, ..StockSizes::NONE };
    Arc::new(Desk::new(&Config { stock_max_age, ..config(stock) }).unwrap())
}

fn numbered(number: u32) -> Pair {
    Pair { public_key: number.to_le_bytes().to_vec(), private_key: SecretBytes::copy_from(&number.to_le_bytes()) }
}

fn number(pair: UnseenPair) -> u32 {
    let (public_key, private_key) = pair.into_parts();
    assert_eq!(public_key, private_key.reveal());
    u32::from_le_bytes(public_key.try_into().unwrap())
}

fn deliver(desk: &Arc<Desk>, number: u32) {
    let origin = Origin { length: LENGTH, made_at: time_since_boot(), epoch: desk.epoch() };
    desk.give_out(numbered(number), origin);
}

fn ready(desk: &Arc<Desk>) -> Option<UnseenPair> {
    match desk.ask(LENGTH, 0).unwrap() {
        Asked::Ready(pair) => Some(pair),
        Asked::Waiting(_withdrawn) => None,
    }
}

fn waiting(desk: &Arc<Desk>, client: u64) -> Waiting {
    match desk.ask(LENGTH, client).unwrap() {
        Asked::Ready(_) => panic!("nothing should be ready"),
        Asked::Waiting(waiting) => waiting,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Many threads take pairs while others are put in; some look at theirs, some go away without.
#[test]
fn a_pair_leaves_at_most_once_and_none_is_lost() {
    const PAIRS: u32 = 4_000;
    let desk = desk(64, LIMIT);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let (desk, seen) = (&desk, &seen);
            scope.spawn(move || {
                let mut turn = thread;
                while seen.lock().unwrap().len() < PAIRS as usize {
                    turn += 1;
                    match ready(desk) {
                        Some(unseen) if turn.is_multiple_of(3) => drop(unseen),
                        Some(pair) => {
                            let number = number(pair);
                            seen.lock().unwrap().push(number);
                        }
                        None => std::thread::yield_now(),
                    }
                }
            });
        }
        let desk = &desk;
        scope.spawn(move || {
            for number in 0..PAIRS {
                // More than half full may be filled up by pairs that come back: those would have no place.
                while desk.lock().stock.level(LENGTH) > 32 {
                    std::thread::yield_now();
                }
                deliver(desk, number);
            }
        });
    });
    let seen = seen.into_inner().unwrap();
    let distinct: BTreeSet<u32> = seen.iter().copied().collect();
    assert_eq!(seen.len(), distinct.len(), "a pair left twice");
    assert_eq!(distinct.len(), PAIRS as usize, "a pair was lost");
    let state = desk.lock();
    assert_eq!((state.stock.level(LENGTH), state.orders.len(), state.tally.discarded_surplus), (0, 0, 0));
}

#[test]
fn ten_thousand_orders_wait_and_are_served_first_come_first_served() {
    const WAITING: u32 = 10_000;
    let desk = desk(0, LIMIT);
    let orders: Vec<Waiting> = (0..WAITING).map(|_| waiting(&desk, 7)).collect();
    assert_eq!(desk.lock().orders.len(), WAITING as usize);
    let served = runtime().block_on(async {
        for number in 0..WAITING {
            desk.lock().orders.put_to_work(2);
            deliver(&desk, number);
        }
        let mut served = Vec::new();
        for order in orders {
            served.push(number(order.pair().await.unwrap()));
        }
        served
    });
    assert!(served.into_iter().eq(0..WAITING));
    assert_eq!(desk.lock().orders.len(), 0);
}

#[test]
fn beyond_the_bound_orders_are_refused_and_places_come_back() {
    let desk = desk(0, LIMIT);
    let mut orders = Vec::new();
    let refused = loop {
        match desk.ask(LENGTH, 7) {
            Ok(Asked::Waiting(order)) => orders.push(order),
            Ok(Asked::Ready(_)) => panic!("nothing is ready"),
            Err(error) => break error,
        }
    };
    assert_eq!((refused, orders.len()), (KeygenError::TooManyWaiting, ORDERS_MAX / 2));
    assert!(desk.ask(LENGTH, 8).is_ok(), "another client still has room");
    orders.clear();
    assert_eq!(desk.lock().orders.len(), 0, "those who go away give their places back");
    assert!(desk.ask(LENGTH, 7).is_ok());
    assert_eq!(desk.lock().tally.refused, 1);
}

#[test]
fn an_order_whose_client_goes_costs_nothing() {
    let desk = desk(2, LIMIT);
    let (gone, stays) = (waiting(&desk, 1), waiting(&desk, 2));
    desk.lock().orders.put_to_work(2);
    drop(gone);
    deliver(&desk, 1);
    assert_eq!(runtime().block_on(stays.pair()).map(number), Ok(1), "the pair went to the one who stayed");
}

#[test]
fn a_pair_that_was_sent_and_not_looked_at_goes_to_the_next() {
    let desk = desk(1, LIMIT);
    let (gone, stays) = (waiting(&desk, 1), waiting(&desk, 2));
    desk.lock().orders.put_to_work(2);
    deliver(&desk, 1);
    drop(gone);
    assert_eq!(runtime().block_on(stays.pair()).map(number), Ok(1));
    let last = waiting(&desk, 3);
    desk.lock().orders.put_to_work(2);
    deliver(&desk, 2);
    drop(last);
    assert_eq!(ready(&desk).map(number), Some(2), "with nobody waiting it goes into the stock");
    assert!(ready(&desk).is_none());
    assert_eq!(desk.lock().tally.returned, 2);
}

#[test]
fn a_pair_taken_apart_never_comes_back() {
    let desk = desk(1, LIMIT);
    deliver(&desk, 1);
    let (public_key, private_key) = ready(&desk).unwrap().into_parts();
    drop((public_key, private_key));
    assert!(ready(&desk).is_none());
    assert_eq!(desk.lock().tally.returned, 0);
}

#[test]
fn signs_of_a_copied_memory_empty_the_stock_and_bar_what_is_on_its_way() {
    let desk = desk(4, LIMIT);
    (0..3).for_each(|number| deliver(&desk, number));
    let taken = ready(&desk).unwrap();
    let half_made = Origin { length: LENGTH, made_at: time_since_boot(), epoch: desk.epoch() };
    desk.lock().witness_mut().pretend_the_clock_was_set();
    assert!(ready(&desk).is_none(), "the very next request sees the sign");
    assert_eq!(desk.lock().tally.discarded_copied, 2);
    drop(taken);
    desk.give_out(numbered(9), half_made);
    assert!(ready(&desk).is_none());
    assert_eq!(desk.lock().tally.discarded_copied, 4);
    deliver(&desk, 5);
    assert_eq!(ready(&desk).map(number), Some(5), "what is made after it is good");
}

#[test]
fn old_pairs_are_discarded_before_they_are_handed_out() {
    let desk = desk(4, Duration::ZERO);
    let origin = Origin { length: LENGTH, made_at: time_since_boot(), epoch: desk.epoch() };
    let put = desk.lock().stock.put(LENGTH, &numbered(1), origin.made_at);
    assert!(put);
    std::thread::sleep(Duration::from_millis(1));
    assert!(ready(&desk).is_none());
    desk.take_back(numbered(2), origin);
    assert!(ready(&desk).is_none(), "coming back does not make a pair young");
    assert_eq!(desk.lock().tally.discarded_old, 2);
}

#[test]
fn makers_fill_the_stock_and_serve_those_who_find_it_empty() {
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
fn stopping_answers_those_who_wait() {
    let generator = Generator::start(config(StockSizes::NONE)).unwrap();
    let desk = Arc::clone(&generator.desk);
    let orders: Vec<Waiting> = (0..50).map(|client| waiting(&desk, client)).collect();
    drop(generator);
    let stopped = runtime().block_on(async {
        let mut stopped = 0;
        for order in orders {
            stopped += usize::from(matches!(order.pair().await, Err(KeygenError::Stopped)));
        }
        stopped
    });
    assert!(stopped > 40, "{stopped}");
    assert!(matches!(desk.ask(LENGTH, 1), Err(KeygenError::Stopped)));
}
