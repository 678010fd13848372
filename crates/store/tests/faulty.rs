//! Injected faults happen as requested, and no others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use claviger_store::{Batch, Commit, Engine, Fault, FaultyEngine, MemoryEngine, Revision, StoreError};

fn faulty() -> FaultyEngine {
    FaultyEngine::new(Arc::new(MemoryEngine::default()))
}

fn put(key: &[u8]) -> Batch {
    Batch::new().put(key, b"1".to_vec())
}

#[test]
fn the_nth_commit_from_now_fails_and_writes_nothing() {
    let engine = faulty();
    assert_eq!(engine.commit(put(b"0")), Ok(Commit::Done(Revision(1))));
    engine.fail_commit(2, Fault::Refused(StoreError::Full));
    assert_eq!(engine.commit(put(b"1")), Ok(Commit::Done(Revision(2))));
    assert_eq!(engine.commit(put(b"2")), Err(StoreError::Full));
    assert_eq!(engine.commit(put(b"3")), Ok(Commit::Done(Revision(3))));
    assert_eq!(engine.get(b"2").unwrap(), None);
    assert_eq!((engine.commits(), engine.scan(b"", None, 9).unwrap().len()), (4, 3));
}

#[test]
fn an_overtaken_commit_meets_a_conflict_and_writes_nothing() {
    let engine = faulty();
    engine.fail_commit(1, Fault::Overtaken);
    assert!(matches!(engine.commit(put(b"a")), Ok(Commit::Conflict { .. })));
    assert_eq!(engine.get(b"a"), Ok(None));
}

#[test]
fn a_lost_answer_leaves_the_write() {
    let engine = faulty();
    let lost = StoreError::Failed("as requested".to_owned());
    engine.fail_commit(1, Fault::AnswerLost(lost.clone()));
    assert_eq!(engine.commit(put(b"a")), Err(lost));
    assert!(engine.get(b"a").unwrap().is_some());
}

#[test]
fn a_store_that_is_gone_fails_every_call_until_it_is_back() {
    let engine = faulty();
    engine.commit(put(b"a")).unwrap();
    let mut watch = engine.watch(b"", Revision(0)).unwrap();
    engine.set_unreachable(Some(StoreError::Latched));
    assert_eq!(engine.get(b"a"), Err(StoreError::Latched));
    assert_eq!(engine.scan(b"", None, 1), Err(StoreError::Latched));
    assert_eq!(engine.commit(put(b"b")), Err(StoreError::Latched));
    assert_eq!(engine.watch(b"", Revision(0)).err(), Some(StoreError::Latched));
    assert_eq!(watch.next(Duration::ZERO), Err(StoreError::Latched));
    engine.set_unreachable(None);
    assert_eq!(watch.next(Duration::ZERO).unwrap().unwrap().key, b"a");
    assert_eq!(engine.get(b"b").unwrap(), None);
}

#[test]
fn commits_wait_as_long_as_told() {
    let engine = faulty();
    engine.delay_commits(Duration::from_millis(20));
    let begun = Instant::now();
    engine.commit(put(b"a")).unwrap();
    // A sleep never ends early, so this holds on the slowest machine too.
    assert!(begun.elapsed() >= Duration::from_millis(20));
}
