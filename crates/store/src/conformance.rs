//! The conformance suite of engines: it checks on any engine what the contract promises. A check that fails panics, so the
//! suite belongs in tests only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check that fails stops the test"
)]

mod commits;
mod watches;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use claviger_base::limits::{BATCH_OPERATIONS_MAX, RECORD_BYTES_MAX};

use crate::contract::{Batch, Commit, Engine, Precondition, Revision};
use crate::error::StoreError;
pub use watches::history_is_trimmed;

use commits::{done, put};

/// Runs every check, each on a new, empty engine from `open`.
pub fn run_all<E: Engine>(open: &dyn Fn() -> E) {
    an_empty_store_is_empty(&open());
    keys_of_every_byte_come_in_order(&open());
    pages_begin_after_their_key(&open());
    pages_are_whole_under_concurrent_writes(&open());
    a_conflict_writes_nothing(&open());
    batches_are_seen_whole_among_conflicts(&open());
    what_changes_nothing_makes_no_revision(&open());
    preconditions_mean_what_they_say(&open());
    one_of_two_racers_wins(&open());
    values_of_every_size_up_to_the_limit(&open());
    limits_are_refused(&open());
    watches::a_watch_has_no_gaps_and_no_repeats(&open());
    watches::watches_of_every_prefix_hear_the_same(&open());
    watches::a_watch_tells_removals(&open());
}

fn an_empty_store_is_empty(engine: &dyn Engine) {
    assert_eq!(engine.get(b"a").unwrap(), None);
    assert_eq!(engine.scan(b"", None, 10).unwrap(), []);
    assert_eq!(engine.watch(b"", Revision(0)).unwrap().next(Duration::ZERO).unwrap(), None);
    assert_eq!(done(engine.commit(Batch::new())), Revision(0));
}

fn pages_begin_after_their_key(engine: &dyn Engine) {
    for key in [b"a".as_slice(), b"b/", b"b/1", b"b/1\x00", b"b/2", b"b0", b"c"] {
        put(engine, key, key);
    }
    let page = |prefix: &[u8], after: &[u8], limit| -> Vec<Vec<u8>> {
        let entries = engine.scan(prefix, Some(after), limit).unwrap();
        assert!(entries.iter().all(|entry| entry.value == entry.key));
        entries.into_iter().map(|entry| entry.key).collect()
    };
    assert_eq!(page(b"b/", b"b/", 9), [b"b/1".to_vec(), b"b/1\x00".to_vec(), b"b/2".to_vec()]);
    assert_eq!(page(b"b/", b"b/1", 1), [b"b/1\x00".to_vec()]);
    assert_eq!(page(b"b/", b"b/1\x00", 9), [b"b/2".to_vec()]);
    // After an absent key, a key before the prefix, and one after it.
    assert_eq!(page(b"b/", b"b/1\x00\x00", 9), [b"b/2".to_vec()]);
    assert_eq!(page(b"b/", b"a", 1), [b"b/".to_vec()]);
    assert_eq!(page(b"b/", b"", 1), [b"b/".to_vec()]);
    assert_eq!(page(b"b/", b"b0", 9), Vec::<Vec<u8>>::new());
    assert_eq!(page(b"b/", b"b/2", 9), Vec::<Vec<u8>>::new());
    assert_eq!(page(b"", b"b0", 9), [b"c".to_vec()]);
    assert_eq!(page(b"b/", b"b/", 0), Vec::<Vec<u8>>::new());
}

/// Writers whose batches often conflict; a reader always sees the same value in both keys of a batch.
fn batches_are_seen_whole_among_conflicts(engine: &dyn Engine) {
    let both =
        |value: u64| Batch::new().put(b"p/1", value.to_be_bytes().to_vec()).put(b"p/2", value.to_be_bytes().to_vec());
    done(engine.commit(both(0)));
    let (writing, conflicts, wins) = (AtomicUsize::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let read = engine.get(b"p/1").unwrap().unwrap();
                    let next = u64::from_be_bytes(read.value.try_into().unwrap()) + 1;
                    match engine.commit(both(next).require(b"p/2", Precondition::At(read.revision))).unwrap() {
                        Commit::Done(_) => wins.fetch_add(1, Ordering::SeqCst),
                        Commit::Conflict { .. } => conflicts.fetch_add(1, Ordering::SeqCst),
                    };
                }
                writing.fetch_sub(1, Ordering::SeqCst);
            });
        }
        while writing.load(Ordering::SeqCst) > 0 {
            let pair = engine.scan(b"p/", None, 9).unwrap();
            assert_eq!((pair.len(), &pair[0].value, pair[0].revision), (2, &pair[1].value, pair[1].revision));
        }
    });
    let counted = u64::from_be_bytes(engine.get(b"p/2").unwrap().unwrap().value.try_into().unwrap());
    assert_eq!(counted, wins.load(Ordering::SeqCst) as u64, "a winner's write was lost");
    assert_eq!(wins.into_inner() + conflicts.into_inner(), 300);
}

fn what_changes_nothing_makes_no_revision(engine: &dyn Engine) {
    let first = put(engine, b"a", b"1");
    assert_eq!(done(engine.commit(Batch::new())), first);
    assert_eq!(done(engine.commit(Batch::new().delete(b"absent"))), first);
    assert_eq!(done(engine.commit(Batch::new().require(b"a", Precondition::At(first)))), first);
    let empty = Batch::new().require(b"a", Precondition::Absent);
    assert_eq!(engine.commit(empty).unwrap(), Commit::Conflict { key: b"a".to_vec() });
    assert!(put(engine, b"a", b"1") > first, "the same bytes again are a change");
}

fn keys(engine: &dyn Engine, prefix: &[u8]) -> Vec<Vec<u8>> {
    engine.scan(prefix, None, usize::MAX).unwrap().into_iter().map(|entry| entry.key).collect()
}

fn keys_of_every_byte_come_in_order(engine: &dyn Engine) {
    let mut expected: Vec<Vec<u8>> = (0..=255_u8).map(|byte| vec![byte]).collect();
    expected.extend((0..=255_u8).map(|byte| vec![255, byte]));
    for key in expected.iter().rev() {
        put(engine, key, key);
    }
    expected.sort();
    assert_eq!(keys(engine, b""), expected);
    let under_ff: Vec<_> = expected.iter().filter(|key| key[0] == 255).cloned().collect();
    assert_eq!(keys(engine, b"\xff"), under_ff);
    assert_eq!(keys(engine, b"\xff\xff"), vec![vec![255, 255]]);
    assert_eq!(keys(engine, b"\x00"), vec![vec![0]]);
    assert_eq!(engine.scan(b"", Some(&[254]), 1).unwrap()[0].key, vec![255]);
    assert_eq!(engine.scan(b"\xff", Some(&[3]), 1).unwrap()[0].key, vec![255]);
    assert_eq!(engine.get(&[7]).unwrap().unwrap().value, vec![7]);
    assert_eq!(engine.get(&[7, 7]).unwrap(), None);
}

/// Every key that exists from before the first page to after the last is seen exactly once, in order.
fn pages_are_whole_under_concurrent_writes(engine: &dyn Engine) {
    let name = |n: usize| format!("k/{n:05}").into_bytes();
    for n in (0..400).step_by(2) {
        put(engine, &name(n), b"before");
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in (1..400).step_by(2) {
                put(engine, &name(n), b"during");
            }
        });
        let mut seen: Vec<Vec<u8>> = Vec::new();
        loop {
            let page = engine.scan(b"k/", seen.last().map(Vec::as_slice), 7).unwrap();
            if page.is_empty() {
                break;
            }
            seen.extend(page.into_iter().map(|entry| entry.key));
        }
        assert!(seen.is_sorted_by(|a, b| a < b));
        assert!((0..400).step_by(2).all(|n| seen.binary_search(&name(n)).is_ok()));
    });
}

fn a_conflict_writes_nothing(engine: &dyn Engine) {
    let revision = put(engine, b"a", b"1");
    let batch = Batch::new()
        .put(b"b", b"2".to_vec())
        .delete(b"a")
        .require(b"a", Precondition::At(revision))
        .require(b"a", Precondition::Absent);
    assert_eq!(engine.commit(batch).unwrap(), Commit::Conflict { key: b"a".to_vec() });
    assert_eq!(keys(engine, b""), vec![b"a".to_vec()]);
    assert_eq!(engine.get(b"a").unwrap().unwrap().revision, revision);
}

fn preconditions_mean_what_they_say(engine: &dyn Engine) {
    let attempt = |precondition| engine.commit(Batch::new().require(b"a", precondition).put(b"a", b"x".to_vec()));
    assert!(matches!(attempt(Precondition::At(Revision(0))), Ok(Commit::Conflict { .. })));
    let first = done(attempt(Precondition::Absent));
    assert!(matches!(attempt(Precondition::Absent), Ok(Commit::Conflict { .. })));
    let second = done(attempt(Precondition::At(first)));
    assert!(second > first);
    assert!(matches!(attempt(Precondition::At(first)), Ok(Commit::Conflict { .. })));
    done(engine.commit(Batch::new().delete(b"a")));
    assert!(matches!(attempt(Precondition::At(second)), Ok(Commit::Conflict { .. })));
    done(attempt(Precondition::Absent));
}

fn one_of_two_racers_wins(engine: &dyn Engine) {
    for round in 0..200_u32 {
        // They race to create the key in every second round, and to change it in the others.
        let precondition = if round % 2 == 0 {
            done(engine.commit(Batch::new().delete(b"raced")));
            Precondition::Absent
        } else {
            Precondition::At(put(engine, b"raced", &round.to_be_bytes()))
        };
        let wins = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for racer in 0..4_u8 {
                let wins = &wins;
                scope.spawn(move || {
                    let batch = Batch::new().require(b"raced", precondition).put(b"raced", vec![racer]);
                    if let Commit::Done(_) = engine.commit(batch).unwrap() {
                        wins.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(wins.load(Ordering::SeqCst), 1, "round {round}");
    }
}

fn values_of_every_size_up_to_the_limit(engine: &dyn Engine) {
    let sizes = (0..40).chain([4_095, 4_096, 4_097, 16_384, RECORD_BYTES_MAX - 1, RECORD_BYTES_MAX]);
    for size in sizes {
        let value: Vec<u8> = (0..=255).cycle().take(size).collect();
        put(engine, b"sized", &value);
        assert_eq!(engine.get(b"sized").unwrap().unwrap().value, value, "{size} bytes");
    }
}

fn limits_are_refused(engine: &dyn Engine) {
    let too_large = Batch::new().put(b"a", vec![0; RECORD_BYTES_MAX + 1]);
    assert_eq!(engine.commit(too_large), Err(StoreError::RecordTooLarge(RECORD_BYTES_MAX + 1)));
    let of = |count: usize| (0..count).fold(Batch::new(), |batch, n| batch.put(&n.to_be_bytes(), Vec::new()));
    let over = BATCH_OPERATIONS_MAX + 1;
    assert_eq!(engine.commit(of(over)), Err(StoreError::BatchTooLarge(over)));
    let mixed = (1..BATCH_OPERATIONS_MAX).fold(of(1), |batch, n| batch.require(&n.to_be_bytes(), Precondition::Absent));
    assert_eq!(engine.commit(mixed.clone().delete(b"one more")), Err(StoreError::BatchTooLarge(over)));
    let put_twice = Batch::new().put(b"a", b"1".to_vec()).put(b"a", b"1".to_vec());
    assert_eq!(engine.commit(put_twice), Err(StoreError::WrittenTwice));
    assert_eq!(engine.commit(Batch::new().put(b"a", Vec::new()).delete(b"a")), Err(StoreError::WrittenTwice));
    assert_eq!(engine.commit(Batch::new().delete(b"a").delete(b"a")), Err(StoreError::WrittenTwice));
    assert_eq!(keys(engine, b""), Vec::<Vec<u8>>::new());
    done(engine.commit(mixed));
    done(engine.commit(of(BATCH_OPERATIONS_MAX)));
    assert_eq!(keys(engine, b"").len(), BATCH_OPERATIONS_MAX);
}
