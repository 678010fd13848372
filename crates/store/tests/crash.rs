//! What survives a kill, a failing device, and the removal of the store. Each test runs this test binary again as a child, with a
//! variable that selects the part of the child. A kill shows what was passed to the system, not what a disk keeps in a power
//! failure; for that, the pragmas are tested (`src/sqlite/writer_tests.rs`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use claviger_store::{Batch, Commit, StoreConfig, StoreError};

const KILLS: u32 = 10;
const WRITERS: u8 = 4;
/// Keys written by each batch.
const PARTS: u8 = 3;

fn part(writer: u8, number: u64, part: u8) -> Vec<u8> {
    [b"w".as_slice(), &[writer], &number.to_be_bytes(), &[part]].concat()
}

/// Commits from several threads until it is killed, so that groups form, and prints each number once it is acknowledged.
fn write_until_killed(dir: &Path) {
    let engine = claviger_store::open(&StoreConfig::embedded(dir)).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let engine = &engine;
            scope.spawn(move || {
                let written = engine.scan(&[b'w', writer], None, usize::MAX).unwrap().len() as u64;
                for number in written / u64::from(PARTS).. {
                    let value = |n: u8| vec![n; 700 + usize::from(n)];
                    let batch = (0..PARTS).fold(Batch::new(), |batch, n| batch.put(&part(writer, number, n), value(n)));
                    assert!(matches!(engine.commit(batch), Ok(Commit::Done(_))));
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "acknowledged {writer} {number}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn what_was_acknowledged_survives_kills() {
    if let Ok(dir) = std::env::var("CLAVIGER_STORE_KILL_CHILD") {
        return write_until_killed(dir.as_ref());
    }
    let dir = tempfile::tempdir().unwrap();
    // For each writer, how many of its batches were acknowledged.
    let mut acknowledged: BTreeMap<u8, u64> = BTreeMap::new();
    for round in 0..KILLS {
        let mut child = child("what_was_acknowledged_survives_kills", "CLAVIGER_STORE_KILL_CHILD", dir.path());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let listener = std::thread::spawn(move || {
            let words = |line: &str| {
                let (writer, number) = line.split_once("acknowledged ")?.1.trim().split_once(' ')?;
                Some((writer.parse::<u8>().ok()?, number.parse::<u64>().ok()?))
            };
            lines.filter_map(|line| words(&line)).map(|(writer, number)| (writer, number + 1)).collect::<Vec<_>>()
        });
        let random = u16::from_be_bytes(claviger_base::random::bytes().unwrap());
        std::thread::sleep(Duration::from_micros(30_000 + u64::from(random) * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(listener.join().unwrap());
        // The last line may be truncated, so that one acknowledgement is not counted.
        let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
        for writer in 0..WRITERS {
            let found = engine.scan(&[b'w', writer], None, usize::MAX).unwrap();
            let numbers = found.len() / usize::from(PARTS);
            let promised = usize::try_from(acknowledged.get(&writer).copied().unwrap_or(0)).unwrap();
            assert!(numbers >= promised, "round {round}: acknowledged commits are gone: {numbers} of {promised}");
            let expected = (0..numbers as u64).flat_map(|number| (0..PARTS).map(move |n| part(writer, number, n)));
            let keys: Vec<_> = found.iter().map(|entry| entry.key.clone()).collect();
            assert_eq!(keys, expected.collect::<Vec<_>>(), "round {round}: part of a commit is stored");
            assert!(found.iter().all(|entry| entry.value.len() == 700 + usize::from(entry.value[0])));
        }
    }
    let total: u64 = acknowledged.values().sum();
    assert!(total > u64::from(KILLS), "only {total} commits: the kills came before any work");
    println!("{total} acknowledged batches survived {KILLS} kills");
}

/// The system refuses to let files grow (EFBIG), which SQLite reports as a failed device, not as a full disk.
#[test]
fn a_failing_device_latches_and_loses_nothing() {
    if let Ok(dir) = std::env::var("CLAVIGER_STORE_LIMIT_CHILD") {
        meet_the_limit(dir.as_ref());
        println!("child is done");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut child = child("a_failing_device_latches_and_loses_nothing", "CLAVIGER_STORE_LIMIT_CHILD", dir.path());
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("child is done"), "{text}");
}

fn meet_the_limit(dir: &Path) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let engine = claviger_store::open(&StoreConfig::embedded(dir)).unwrap();
    engine.commit(Batch::new().put(b"kept", b"1".to_vec())).unwrap();
    let original = getrlimit(Resource::Fsize);
    // A whole number of pages of the log, so that the write that fails writes nothing.
    setrlimit(Resource::Fsize, Rlimit { current: Some(32 + 100 * (24 + 4096)), ..original }).unwrap();
    let big = |n: u32| engine.commit(Batch::new().put(&n.to_be_bytes(), vec![9; 60_000]));
    let (written, error) = (0..100).find_map(|n| big(n).err().map(|error| (n, error))).expect("no limit was met");
    setrlimit(Resource::Fsize, original).unwrap();
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    assert_eq!(big(written), Err(StoreError::Latched), "it writes on after a device failed");
    assert_eq!(engine.get(b"kept").unwrap().unwrap().value, b"1");
    assert_eq!(engine.get(&written.to_be_bytes()).unwrap(), None, "part of a commit is stored");
    drop(engine);
    let engine = claviger_store::open(&StoreConfig::embedded(dir)).unwrap();
    assert_eq!(engine.scan(b"", None, 1000).unwrap().len(), 1 + written as usize);
    engine.commit(Batch::new().put(b"after", b"2".to_vec())).unwrap();
}

#[test]
fn nothing_is_acknowledged_into_a_file_that_is_gone() {
    for replace in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
        engine.commit(Batch::new().put(b"a", b"1".to_vec())).unwrap();
        std::fs::remove_file(dir.path().join("store.sqlite3")).unwrap();
        if replace {
            std::fs::write(dir.path().join("store.sqlite3"), b"another").unwrap();
        }
        let lost = engine.commit(Batch::new().put(b"b", b"2".to_vec()));
        assert!(matches!(lost, Err(StoreError::Unusable { .. })), "{lost:?}");
        assert_eq!(engine.commit(Batch::new().put(b"b", b"2".to_vec())), Err(StoreError::Latched));
    }
}

/// This test binary again, running one test with `variable` set to `dir`.
fn child(test: &str, variable: &str, dir: &Path) -> Command {
    let mut command = Command::new("sh");
    let binary = std::env::current_exe().unwrap();
    // SIGXFSZ would end the child; `trap '' XFSZ` is inherited over exec and makes the write fail with EFBIG instead.
    command.arg("-c").arg("trap '' XFSZ; exec \"$0\" \"$@\"").arg(binary);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(variable, dir);
    command
}
