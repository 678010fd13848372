//! Damaged files: whichever page is destroyed, every key whose value was not on it can be read and written as before. Whatever
//! bytes are altered, nothing panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod log;
mod sound;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use claviger_store::{Batch, Commit, Condition, Engine, Precondition, Revision, StoreConfig, StoreError};
use proptest::prelude::*;

const FILE: &str = "store.sqlite3";
const PAGE: usize = 4096;

type Content = BTreeMap<Vec<u8>, Vec<u8>>;

/// A closed store's file, and its content. The file has rows, rows on several pages, rows that were overwritten, and free pages.
fn closed_store(rows: u32) -> (Vec<u8>, Content) {
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    let mut content = Content::new();
    let mut batch = Batch::new();
    for n in 0..rows {
        let length = if n % 50 == 7 { 9_000 } else { 100 + (n as usize * 37) % 300 };
        let (key, value) = (name(n), value(n, length));
        batch = batch.put(&key, value.clone());
        content.insert(key, value);
        if n % 100 == 99 {
            engine.commit(std::mem::take(&mut batch)).unwrap();
        }
    }
    engine.commit(batch).unwrap();
    for n in (0..rows).step_by(7) {
        engine.commit(Batch::new().put(&name(n), value(n + 1, 150)).delete(&name(n + 1))).unwrap();
        content.insert(name(n), value(n + 1, 150));
        content.remove(&name(n + 1));
    }
    drop(engine);
    (fs::read(dir.path().join(FILE)).unwrap(), content)
}

fn name(n: u32) -> Vec<u8> {
    format!("key/{:08x}-and-more-of-a-name", n.wrapping_mul(0x9e37_79b9)).into_bytes()
}

fn value(n: u32, length: usize) -> Vec<u8> {
    n.to_be_bytes().into_iter().cycle().take(length).collect()
}

/// Possible contents of a damaged page.
fn fills() -> [Vec<u8>; 2] {
    let mut state: u32 = 7;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    [vec![0; PAGE], (0..PAGE).map(|_| noise()).collect()]
}

fn opened(bytes: &[u8]) -> (Result<Arc<dyn Engine>, StoreError>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE), bytes).unwrap();
    (claviger_store::open(&StoreConfig::embedded(dir.path())), dir)
}

/// The keys whose values are lost: empty, or altered, which their seal would detect (an overflow page cannot be recognized).
/// Every key must still exist, with the same value in `get` and in `scan`.
fn lost(engine: &dyn Engine, content: &Content, what: &str) -> Vec<Vec<u8>> {
    let mut found = Content::new();
    loop {
        let after = found.keys().next_back().cloned();
        let page = engine.scan(b"key/", after.as_deref(), 64).unwrap_or_else(|error| panic!("{what}: {error}"));
        if page.is_empty() {
            break;
        }
        found.extend(page.into_iter().map(|entry| (entry.key, entry.value)));
    }
    assert!(found.keys().eq(content.keys()), "{what}: keys vanished or appeared");
    let mut lost = Vec::new();
    for (key, value) in content {
        let got = engine.get(key).unwrap_or_else(|error| panic!("{what}: {error}")).expect(what);
        assert!(got.value == found[key], "{what}: get and scan differ");
        if got.value != *value {
            assert!(
                got.value.is_empty() || got.value.len() == value.len() && value.len() > PAGE,
                "{what}: another value"
            );
            lost.push(key.clone());
        }
    }
    lost
}

/// Writes, each of which needs another kind of page.
fn writes_go_on(engine: &dyn Engine, content: &Content, lost: &[Vec<u8>], what: &str) {
    let commit = |batch: Batch| match engine.commit(batch) {
        Ok(Commit::Done(revision)) => revision,
        other => panic!("{what}: {other:?}"),
    };
    let intact: Vec<_> = content.keys().filter(|key| !lost.contains(key)).collect();
    for key in [intact[0], intact[intact.len() / 2], intact[intact.len() - 1]] {
        let read = engine.get(key).unwrap().unwrap();
        let revision = commit(Batch::new().put(key, b"new".to_vec()).require(key, Precondition::At(read.revision)));
        assert!(revision > read.revision, "{what}: revisions go backwards");
        assert_eq!(engine.get(key).unwrap().unwrap().value, b"new", "{what}");
    }
    commit(Batch::new().put(b"one/more", vec![7; 60_000]).require(b"one/more", Precondition::Absent));
    commit(Batch::new().delete(b"one/more"));
    // A lost value can be overwritten, and its key does not count as absent.
    for key in lost {
        let absent = Batch::new().put(key, b"again".to_vec()).require(key, Precondition::Absent);
        assert_eq!(engine.commit(absent), Ok(Commit::Conflict { key: key.clone() }), "{what}");
        commit(Batch::new().put(key, b"again".to_vec()));
        assert_eq!(engine.get(key).unwrap().unwrap().value, b"again", "{what}");
    }
}

#[test]
fn whichever_page_is_destroyed_every_key_that_was_not_on_it_is_read_and_written() {
    let (whole, content) = closed_store(250);
    let pages = whole.len() / PAGE;
    assert!(pages > 25, "{pages}");
    let mut most = 0;
    for page in 0..pages {
        for (fill, bytes) in fills().into_iter().enumerate() {
            let what = format!("page {} of {pages}, fill {fill}", page + 1);
            let mut damaged = whole.clone();
            damaged[page * PAGE..(page + 1) * PAGE].copy_from_slice(&bytes);
            let (engine, dir) = opened(&damaged);
            let engine = engine.unwrap_or_else(|error| panic!("{what}: {error}"));
            let lost = lost(&*engine, &content, &what);
            most = most.max(lost.len());
            let Condition { recovered, damage, .. } = engine.condition();
            assert_eq!(damage, None, "{what}");
            assert!(recovered.iter().all(|file| file.lost == lost.len() as u64), "{what}: {recovered:?}");
            for file in &recovered {
                assert_eq!(fs::read(&file.kept).unwrap().len(), damaged.len(), "{what}: the damaged file is kept");
            }
            writes_go_on(&*engine, &content, &lost, &what);
            assert_eq!(engine.check(), Ok(()), "{what}");
            drop(engine);
            let again = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
            assert_eq!(again.scan(b"key/", None, usize::MAX).unwrap().len(), content.len(), "{what}: reopened");
            assert_eq!(again.check(), Ok(()), "{what}");
            assert_eq!(again.condition(), Condition::default(), "{what}");
        }
    }
    assert!((1..60).contains(&most), "the rows of one page at most: {most}");
}

/// An operation that meets the damage: its name, and the operation itself.
type Meeting<'a> = (&'a str, &'a dyn Fn(&dyn Engine));

/// The page is destroyed while the store is open. A read, a commit or a check meets the damage.
#[test]
fn damage_that_comes_while_the_store_is_open_is_recovered_by_whoever_meets_it() {
    let (whole, content) = closed_store(400);
    let meetings: [Meeting<'_>; 3] = [
        ("read", &|engine| drop(engine.scan(b"", None, usize::MAX))),
        ("check", &|engine| engine.check().unwrap()),
        ("commit", &|engine| {
            let every = content.keys().take(100).fold(Batch::new(), |batch, key| batch.put(key, content[key].clone()));
            assert!(matches!(engine.commit(every), Ok(Commit::Done(_))));
        }),
    ];
    for (what, meet) in meetings {
        // The root of the table, which every operation reads.
        let (engine, dir) = opened(&whole);
        let engine = engine.unwrap();
        let mut watch = engine.watch(b"", Revision(0)).unwrap();
        let file = dir.path().join(FILE);
        let mut damaged = fs::read(&file).unwrap();
        damaged[PAGE..2 * PAGE].fill(0);
        write_in_place(&file, &damaged);
        meet(&*engine);
        assert_eq!(engine.condition().recovered.len(), 1, "{what}");
        assert_eq!(lost(&*engine, &content, what), Vec::<Vec<u8>>::new(), "{what}");
        writes_go_on(&*engine, &content, &[], what);
        let heard = watch.next(std::time::Duration::ZERO);
        assert_eq!(heard, Err(StoreError::Compacted), "{what}: the history is lost, and a watch gets to know");
    }
}

/// Damages a file in place, as a disk does.
fn write_in_place(file: &Path, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let opened = fs::OpenOptions::new().write(true).open(file).unwrap();
    opened.write_all_at(bytes, 0).unwrap();
}

/// Damage in two places: keys may be lost without notice, so an operator must decide. Writes that meet no damage succeed, and each
/// batch that meets some fails alone.
#[test]
fn what_cannot_be_recovered_is_left_as_it_is_and_fails_alone() {
    let (whole, content) = closed_store(400);
    let kind = |page: usize| whole[page * PAGE];
    let of = |wanted: u8, shape: &dyn Fn(&[u8]) -> bool| {
        (2..whole.len() / PAGE).find(|page| kind(*page) == wanted && shape(&whole[page * PAGE..(page + 1) * PAGE]))
    };
    let holds_keys = |page: &[u8]| page.windows(13).any(|window| window == b"-and-more-of-");
    let (table, index) = (of(0x0d, &holds_keys).unwrap(), of(0x0a, &holds_keys).unwrap());
    let mut damaged = whole.clone();
    for page in [table, index] {
        damaged[page * PAGE..(page + 1) * PAGE].fill(0);
    }
    let (engine, dir) = opened(&damaged);
    let engine = engine.unwrap();
    let (mut read, mut failed) = (0, 0);
    for (key, value) in &content {
        match engine.get(key) {
            Ok(Some(record)) => {
                assert!(record.value == *value);
                read += 1;
            }
            Err(StoreError::Corrupt) => failed += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(failed > 0 && read > content.len() / 2, "{read} read, {failed} failed");
    let condition = engine.condition();
    assert!(condition.damage.as_ref().is_some_and(|text| text.contains("restore it from a backup")), "{condition:?}");
    let mut written = 0;
    std::thread::scope(|scope| {
        let engine = &*engine;
        let writers: Vec<_> = content
            .keys()
            .map(|key| scope.spawn(move || engine.commit(Batch::new().put(key, b"x".to_vec()))))
            .collect();
        for writer in writers {
            match writer.join().unwrap() {
                Ok(Commit::Done(_)) => written += 1,
                Err(StoreError::Corrupt) => {}
                other => panic!("{other:?}"),
            }
        }
    });
    assert!(written > content.len() / 2, "{written} of {} were written", content.len());
    assert!(!dir.path().join("store.sqlite3.damaged-1").exists());
}

/// The number of copies is limited, even on a failing disk.
#[test]
fn no_more_than_three_damaged_files_are_kept() {
    let (whole, _content) = closed_store(100);
    let (engine, dir) = opened(&whole);
    drop(engine);
    for round in 1..=4 {
        let mut damaged = fs::read(dir.path().join(FILE)).unwrap();
        damaged[..PAGE].fill(0);
        fs::write(dir.path().join(FILE), &damaged).unwrap();
        match claviger_store::open(&StoreConfig::embedded(dir.path())) {
            Ok(_) => assert!(round <= 3),
            Err(StoreError::NotRecovered { reason, .. }) => assert!(round == 4 && reason.contains("look at the disk")),
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// New damage within a minute is not recovered: otherwise three recoveries could use up the names at once.
#[test]
fn a_recovery_does_not_follow_another_at_once() {
    let (whole, content) = closed_store(400);
    let (engine, dir) = opened(&whole);
    let engine = engine.unwrap();
    let file = dir.path().join(FILE);
    for round in 1..=3 {
        // Another commit, so that readers do not use cached pages.
        let _either = engine.commit(Batch::new().put(b"one/more", vec![round]));
        let mut damaged = fs::read(&file).unwrap();
        damaged[PAGE..2 * PAGE].fill(0);
        write_in_place(&file, &damaged);
        assert_eq!(engine.check().is_ok(), round == 1, "round {round}");
        assert_eq!(engine.condition().recovered.len(), 1, "round {round}");
    }
    drop(engine);
    // A start recovers at once.
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    assert_eq!(lost(&*engine, &content, "at the start"), Vec::<Vec<u8>>::new());
}

/// The first page begins with the file header of SQLite (sqlite.org/fileformat2.html, section 1.3). Whichever of
/// its bytes changes, and to what, every key can be read and written. The exception is the last byte of the schema version: the
/// version may be that of a newer Claviger, so the file is left unchanged.
#[test]
fn whichever_byte_of_the_header_changes_every_key_is_read_and_written() {
    let (whole, content) = closed_store(20);
    for at in 0..100 {
        for value in [0, 1, 5, 0x7f, 0xff, whole[at] ^ 1, whole[at] ^ 0x80] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let (engine, _dir) = opened(&damaged);
            let engine = match engine {
                Err(StoreError::Newer { .. }) if at == 63 => continue,
                opened => opened.unwrap_or_else(|error| panic!("byte {at} is {value}: {error:?}")),
            };
            for (key, entry) in &content {
                let read = engine.get(key).unwrap_or_else(|error| panic!("byte {at} is {value}: {error:?}"));
                assert!(read.is_some_and(|read| read.value == *entry), "byte {at} is {value}");
            }
            let key = content.keys().next().unwrap();
            let written = engine.commit(Batch::new().put(key, b"new".to_vec()));
            assert!(matches!(written, Ok(Commit::Done(_))), "byte {at} is {value}: {written:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// With any bytes altered anywhere, opening, reads and writes succeed or fail with an error.
    #[test]
    fn altered_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        static STORE: std::sync::OnceLock<(Vec<u8>, Content)> = std::sync::OnceLock::new();
        let (whole, content) = STORE.get_or_init(|| closed_store(150));
        let mut damaged = whole.clone();
        for (at, byte) in changes {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        let (engine, _dir) = opened(&damaged);
        let engine = match engine {
            Ok(engine) => engine,
            Err(StoreError::NotAStore(_) | StoreError::Newer { .. } | StoreError::NotRecovered { .. }) => return Ok(()),
            Err(other) => panic!("{other:?}"),
        };
        let by_name = |error: StoreError| assert!(matches!(error, StoreError::Corrupt), "{error:?}");
        for key in content.keys() {
            engine.get(key).map(drop).unwrap_or_else(by_name);
        }
        engine.scan(b"", None, usize::MAX).map(drop).unwrap_or_else(by_name);
        for key in content.keys().step_by(10) {
            engine.commit(Batch::new().put(key, b"new".to_vec())).map(drop).unwrap_or_else(by_name);
        }
        engine.check().unwrap_or_else(by_name);
    }
}
