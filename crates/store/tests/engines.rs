//! Every engine passes the conformance suite; SQLite is also compared with the model on random operations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use claviger_store::{
    Batch, Commit, Engine, Entry, FaultyEngine, MemoryEngine, Precondition, Revision, StoreConfig, StoreError,
    VersionedValue, Watch, WatchEvent, conformance,
};
use proptest::prelude::*;

/// An engine, and its directory, which is removed with it.
#[derive(Debug)]
struct Temporary(Arc<dyn Engine>, #[allow(dead_code, reason = "kept for its drop")] tempfile::TempDir);

impl Engine for Temporary {
    fn get(&self, key: &[u8]) -> Result<Option<VersionedValue>, StoreError> {
        self.0.get(key)
    }
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.0.scan(prefix, after, limit)
    }
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.0.commit(batch)
    }
    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        self.0.watch(prefix, from)
    }
}

fn temporary() -> Temporary {
    let dir = tempfile::tempdir().unwrap();
    Temporary(claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap(), dir)
}

#[test]
fn memory_passes() {
    conformance::run_all(&MemoryEngine::default);
    conformance::history_is_trimmed(&MemoryEngine::with_history(1_000), 2_000);
}

#[test]
fn an_engine_in_a_wrapper_without_faults_passes() {
    conformance::run_all(&|| FaultyEngine::new(Arc::new(MemoryEngine::default())));
}

#[test]
fn sqlite_passes() {
    conformance::run_all(&temporary);
}

#[test]
fn sqlite_cuts_its_history() {
    conformance::history_is_trimmed(&temporary(), 102_000);
}

/// One batch: what it requires of keys, and what it does to keys. Keys are drawn from a few that are prefixes of each other.
#[derive(Debug, Clone)]
struct Step {
    requires: Vec<(usize, Required)>,
    writes: Vec<(usize, Option<Vec<u8>>)>,
}

#[derive(Debug, Clone, Copy)]
enum Required {
    Absent,
    /// At the key's present revision: holds unless the key is absent.
    AtPresent,
    AtOther(u64),
}

const KEYS: [&[u8]; 8] = [b"", b"\x00", b"a", b"a\x00", b"a\xff", b"a\xff\xff", b"b", b"\xff\xff"];

fn step() -> impl Strategy<Value = Step> {
    let required =
        prop_oneof![Just(Required::Absent), Just(Required::AtPresent), (0..30_u64).prop_map(Required::AtOther)];
    let value = prop::option::weighted(0.7, prop::collection::vec(any::<u8>(), 0..20));
    let requires = prop::collection::vec((0..KEYS.len(), required), 0..2);
    let writes = prop::collection::vec((0..KEYS.len(), value), 0..4);
    (requires, writes).prop_map(|(requires, writes)| Step { requires, writes })
}

fn batch(step: &Step, model: &MemoryEngine) -> Batch {
    let mut batch = Batch::new();
    for (key, required) in &step.requires {
        let present = model.get(KEYS[*key]).unwrap().map(|record| record.revision).unwrap_or_default();
        batch = match required {
            Required::Absent => batch.require(KEYS[*key], Precondition::Absent),
            Required::AtPresent => batch.require(KEYS[*key], Precondition::At(present)),
            Required::AtOther(revision) => batch.require(KEYS[*key], Precondition::At(Revision(*revision))),
        };
    }
    step.writes.iter().fold(batch, |batch, (key, value)| match value {
        Some(value) => batch.put(KEYS[*key], value.clone()),
        None => batch.delete(KEYS[*key]),
    })
}

fn changes(engine: &dyn Engine, prefix: &[u8], from: u64) -> Vec<WatchEvent> {
    let mut watch = engine.watch(prefix, Revision(from)).unwrap();
    std::iter::from_fn(|| watch.next(Duration::ZERO).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_the_model_does(
        steps in prop::collection::vec(step(), 1..40), from in 0..30_u64, limit in 0..6_usize,
    ) {
        let (model, sqlite) = (MemoryEngine::default(), temporary());
        for step in steps {
            let batch = batch(&step, &model);
            let is_twice = step.writes.iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len() < step.writes.len();
            let answer = sqlite.commit(batch.clone());
            prop_assert_eq!(answer == Err(StoreError::WrittenTwice), is_twice);
            prop_assert_eq!(model.commit(batch), answer);
            prop_assert_eq!(model.scan(b"", None, 100).unwrap(), sqlite.scan(b"", None, 100).unwrap());
        }
        for key in KEYS {
            prop_assert_eq!(model.get(key).unwrap(), sqlite.get(key).unwrap());
            prop_assert_eq!(changes(&model, key, from), changes(&sqlite, key, from));
            for after in KEYS {
                prop_assert_eq!(model.scan(key, Some(after), limit).unwrap(), sqlite.scan(key, Some(after), limit).unwrap());
            }
        }
    }
}
