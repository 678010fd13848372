//! Every engine sits the exam; SQLite is also compared with the model on random operations, killed, and damaged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use claviger_store::{Batch, Commit, Engine, MemoryEngine, Precondition, SqliteEngine, StoreError, exam};
use proptest::prelude::*;

/// An engine whose directory goes with it.
#[derive(Debug)]
struct Temporary(SqliteEngine, #[allow(dead_code, reason = "kept for its drop")] tempfile::TempDir);

impl Engine for Temporary {
    fn get(&self, key: &[u8]) -> Result<Option<claviger_store::Record>, StoreError> {
        self.0.get(key)
    }
    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<claviger_store::Entry>, StoreError> {
        self.0.scan(prefix, after, limit)
    }
    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.0.commit(batch)
    }
    fn watch(
        &self,
        prefix: &[u8],
        from: claviger_store::Revision,
    ) -> Result<Box<dyn claviger_store::Watch>, StoreError> {
        self.0.watch(prefix, from)
    }
}

fn temporary() -> Temporary {
    let dir = tempfile::tempdir().unwrap();
    Temporary(SqliteEngine::open(dir.path()).unwrap(), dir)
}

#[test]
fn memory_passes() {
    exam::sit(&MemoryEngine::default);
}

#[test]
fn sqlite_passes() {
    exam::sit(&temporary);
}

#[derive(Debug, Clone)]
struct Step {
    key: u8,
    value: Option<u8>,
    precondition: u8,
    other: u8,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_the_model_does(steps in prop::collection::vec(
        (0..6_u8, prop::option::of(any::<u8>()), 0..4_u8, 0..6_u8)
            .prop_map(|(key, value, precondition, other)| Step { key, value, precondition, other }), 1..40)) {
        let (model, sqlite) = (MemoryEngine::default(), temporary());
        for step in steps {
            let mut batch = Batch::new();
            if step.precondition == 1 {
                batch = batch.require(&[step.other], Precondition::Absent);
            } else if step.precondition > 1 {
                let revision = model.get(&[step.other]).unwrap().map(|record| record.revision).unwrap_or_default();
                batch = batch.require(&[step.other], Precondition::At(revision));
            }
            batch = match step.value {
                Some(value) => batch.put(&[step.key], vec![value]),
                None => batch.delete(&[step.key]),
            };
            prop_assert_eq!(model.commit(batch.clone()).unwrap(), sqlite.commit(batch).unwrap());
            prop_assert_eq!(model.scan(b"", None, 100).unwrap(), sqlite.scan(b"", None, 100).unwrap());
        }
    }
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let engine = SqliteEngine::open(dir.path()).unwrap();
    let Commit::Done(revision) = engine.commit(Batch::new().put(b"a", b"1".to_vec())).unwrap() else { panic!() };
    drop(engine);
    let engine = SqliteEngine::open(dir.path()).unwrap();
    assert_eq!(engine.get(b"a").unwrap().unwrap().revision, revision);
    let Commit::Done(next) = engine.commit(Batch::new().delete(b"a")).unwrap() else { panic!() };
    assert!(next > revision);
}

#[test]
fn a_second_owner_is_refused_and_a_reader_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let engine = SqliteEngine::open(dir.path()).unwrap();
    engine.commit(Batch::new().put(b"a", b"1".to_vec())).unwrap();
    assert!(matches!(SqliteEngine::open(dir.path()), Err(StoreError::InUse(_))));
    let reader = SqliteEngine::open_read_only(dir.path()).unwrap();
    assert_eq!(reader.get(b"a").unwrap().unwrap().value, b"1");
    assert_eq!(reader.commit(Batch::new()), Err(StoreError::ReadOnly));
    let mode = fs::metadata(dir.path().join("store.sqlite3")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn foreign_missing_and_damaged_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(matches!(SqliteEngine::open(&missing), Err(StoreError::Unusable { .. })));
    let file = dir.path().join("store.sqlite3");
    fs::write(&file, b"this is a text file, and a long enough one to be taken for a header").unwrap();
    assert!(matches!(SqliteEngine::open(dir.path()), Err(StoreError::NotAStore(_))));
    fs::remove_file(&file).unwrap();
    let engine = SqliteEngine::open(dir.path()).unwrap();
    for n in 0..200_u32 {
        engine.commit(Batch::new().put(&n.to_be_bytes(), vec![7; 1000])).unwrap();
    }
    drop(engine);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    match SqliteEngine::open(dir.path()) {
        Err(_) => {}
        Ok(engine) => assert!(engine.scan(b"", None, 1000).is_err(), "damage went unnoticed"),
    }
}

/// Simulates a full disk by a limit on the size of files, in a child process so that only it has the limit.
#[test]
fn a_full_disk_loses_nothing_and_heals() {
    if let Ok(dir) = std::env::var("CLAVIGER_STORE_FULL_CHILD") {
        let engine = SqliteEngine::open(dir.as_ref()).unwrap();
        engine.commit(Batch::new().put(b"kept", b"1".to_vec())).unwrap();
        let original = rustix::process::getrlimit(rustix::process::Resource::Fsize);
        let small = rustix::process::Rlimit { current: Some(512 * 1024), ..original };
        rustix::process::setrlimit(rustix::process::Resource::Fsize, small).unwrap();
        let big = |n: u32| engine.commit(Batch::new().put(&n.to_be_bytes(), vec![9; 60_000]));
        let refused = (0..100).find_map(|n| big(n).err().map(|error| (n, error))).expect("no limit was met");
        rustix::process::setrlimit(rustix::process::Resource::Fsize, original).unwrap();
        assert_eq!(engine.get(b"kept").unwrap().unwrap().value, b"1");
        assert_eq!(engine.get(&refused.0.to_be_bytes()).unwrap(), None, "half a commit is there");
        drop(engine);
        let engine = SqliteEngine::open(dir.as_ref()).unwrap();
        assert_eq!(engine.scan(b"", None, 1000).unwrap().len(), 1 + refused.0 as usize);
        engine.commit(Batch::new().put(b"after", b"2".to_vec())).unwrap();
        println!("child is done");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut child = child("a_full_disk_loses_nothing_and_heals", "CLAVIGER_STORE_FULL_CHILD", dir.path());
    // SIGXFSZ would end the child; ignoring it makes the write fail with EFBIG instead.
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("child is done"), "{text}");
}

#[test]
fn what_was_acknowledged_survives_kills() {
    if let Ok(dir) = std::env::var("CLAVIGER_STORE_KILL_CHILD") {
        let engine = SqliteEngine::open(dir.as_ref()).unwrap();
        let first = engine.scan(b"a/", None, usize::MAX).unwrap().len() as u64;
        for n in first.. {
            let name = n.to_be_bytes();
            let batch = Batch::new().put(&[b"a/", name.as_slice()].concat(), name.to_vec());
            engine.commit(batch.put(&[b"b/", name.as_slice()].concat(), name.to_vec())).unwrap();
            println!("acknowledged {n}");
            std::io::stdout().flush().unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..8_u64 {
        let mut child = child("what_was_acknowledged_survives_kills", "CLAVIGER_STORE_KILL_CHILD", dir.path());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let kill_after = 5 + round * 13;
        for _ in 0..kill_after {
            while let Some(Ok(line)) = lines.next() {
                if let Some((_, n)) = line.split_once("acknowledged ") {
                    acknowledged = n.trim().parse::<u64>().unwrap() + 1;
                    break;
                }
            }
        }
        std::thread::sleep(Duration::from_micros(137 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some((_, n)) = line.split_once("acknowledged ") {
                acknowledged = n.trim().parse::<u64>().map_or(acknowledged, |n| n + 1);
            }
        }
        let engine = SqliteEngine::open(dir.path()).unwrap();
        let (a, b) = (engine.scan(b"a/", None, 100_000).unwrap(), engine.scan(b"b/", None, 100_000).unwrap());
        assert!(acknowledged > 0 && a.len() as u64 >= acknowledged, "round {round}: an acknowledged commit is gone");
        assert_eq!(a.len(), b.len(), "round {round}: half a commit is there");
    }
}

/// This test binary again, running one test with `variable` set to `dir`.
fn child(test: &str, variable: &str, dir: &std::path::Path) -> Command {
    let mut command = Command::new("sh");
    let binary = std::env::current_exe().unwrap();
    // `trap '' XFSZ` is inherited over exec.
    command.arg("-c").arg("trap '' XFSZ; exec \"$0\" \"$@\"").arg(binary);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(variable, dir);
    command
}
