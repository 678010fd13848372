//! The exam that every engine sits: what the contract promises, asked as questions. Each panics when the answer is wrong,
//! so it belongs in tests only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "an exam stops at the first wrong answer"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use claviger_base::limits::{BATCH_OPERATIONS_MAX, RECORD_BYTES_MAX};

use crate::contract::{Batch, Change, Commit, Engine, Precondition, Revision};
use crate::error::StoreError;

/// Long enough for a change that was committed to be heard of, even on a busy machine.
const HEARD_MAX: Duration = Duration::from_secs(20);

/// Sits every part on an engine that `open` gives empty each time.
pub fn sit<E: Engine>(open: &dyn Fn() -> E) {
    keys_of_every_byte_come_in_order(&open());
    pages_are_whole_under_concurrent_writes(&open());
    a_conflict_writes_nothing(&open());
    preconditions_mean_what_they_say(&open());
    one_of_two_racers_wins(&open());
    values_of_every_size_up_to_the_limit(&open());
    limits_are_refused(&open());
    a_watch_has_no_gaps_and_no_repeats(&open());
}

fn done(commit: Result<Commit, StoreError>) -> Revision {
    match commit.unwrap() {
        Commit::Done(revision) => revision,
        Commit::Conflict { key } => panic!("unexpected conflict on {key:?}"),
    }
}

fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) -> Revision {
    done(engine.commit(Batch::new().put(key, value.to_vec())))
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
    for round in 0..50_u32 {
        let before = put(engine, b"raced", &round.to_be_bytes());
        let wins = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for racer in 0..4_u8 {
                let wins = &wins;
                scope.spawn(move || {
                    let batch = Batch::new().require(b"raced", Precondition::At(before)).put(b"raced", vec![racer]);
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
    assert_eq!(keys(engine, b""), Vec::<Vec<u8>>::new());
    done(engine.commit(of(BATCH_OPERATIONS_MAX)));
    assert_eq!(keys(engine, b"").len(), BATCH_OPERATIONS_MAX);
}

fn a_watch_has_no_gaps_and_no_repeats(engine: &dyn Engine) {
    put(engine, b"before", b"");
    let from = put(engine, b"w/0", b"");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..60_u8 {
                let batch = Batch::new().put(&[b'w', b'/', n], vec![n]).put(&[b'w', b'/', n, 1], vec![n]);
                done(engine.commit(batch.put(b"elsewhere", vec![n])));
            }
            done(engine.commit(Batch::new().delete(&[b'w', b'/', 1])));
        });
        let (mut heard, mut from) = (Vec::<Change>::new(), from);
        while heard.len() < 119 {
            // A new watch every few whole revisions, as after a broken connection.
            let mut watch = engine.watch(b"w/", from).unwrap();
            for _ in 0..10 {
                if heard.len() < 119 {
                    heard.push(watch.next(HEARD_MAX).unwrap().expect("a change was not heard of"));
                }
            }
            let last = heard.last().unwrap().revision;
            if heard.len() < 119 && heard.iter().filter(|change| change.revision == last).count() == 2 {
                from = last;
            } else if heard.len() < 119 {
                let whole = heard.iter().rev().find(|change| change.revision < last);
                from = whole.map_or(from, |change| change.revision);
                heard.retain(|change| change.revision < last);
            }
        }
        assert!(heard.is_sorted_by(|a, b| a.revision <= b.revision));
        let names: Vec<_> = heard.iter().map(|change| change.key.clone()).collect();
        let expected = (1..60_u8).flat_map(|n| [vec![b'w', b'/', n], vec![b'w', b'/', n, 1]]);
        assert_eq!(names, expected.chain([vec![b'w', b'/', 1]]).collect::<Vec<_>>());
        assert_eq!(heard.last().unwrap().value, None);
    });
    let mut quiet = engine.watch(b"nothing/", Revision(0)).unwrap();
    assert_eq!(quiet.next(Duration::from_millis(1)).unwrap(), None);
}
