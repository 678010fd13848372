//! Unused write-ahead logs, of a file with a destroyed first page and of a sound file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use claviger_store::{Batch, Condition, StoreConfig, StoreError};

use super::{FILE, PAGE, closed_store, lost, name, opened, value, writes_go_on};

/// A file whose first page is destroyed, with this write-ahead log and an index.
fn with_log(bytes: &[u8], log: &[u8]) -> tempfile::TempDir {
    sound_with_log(&without_first_page(bytes), log)
}

fn sound_with_log(bytes: &[u8], log: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE), bytes).unwrap();
    fs::write(dir.path().join("store.sqlite3-wal"), log).unwrap();
    fs::write(dir.path().join("store.sqlite3-shm"), vec![0; 32_768]).unwrap();
    dir
}

fn without_first_page(bytes: &[u8]) -> Vec<u8> {
    [vec![0; PAGE], bytes[PAGE..].to_vec()].concat()
}

/// The log with one byte altered: in the header's magic, or in the first frame's page.
fn rotted(log: &[u8]) -> [Vec<u8>; 2] {
    [0, 32 + 24 + 100].map(|at| {
        let mut log = log.to_vec();
        log[at] ^= 1;
        log
    })
}

fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The write-ahead log of the store in `bytes` with an acknowledged commit, which leaves the first page as it is.
fn log_in_use(bytes: &[u8]) -> Vec<u8> {
    let (engine, dir) = opened(bytes);
    let engine = engine.unwrap();
    engine.commit(Batch::new().put(&name(0), value(3, 150))).unwrap();
    let log = fs::read(dir.path().join("store.sqlite3-wal")).unwrap();
    drop(engine);
    log
}

#[test]
fn a_write_ahead_log_that_holds_nothing_hinders_no_recovery() {
    let (bytes, content) = closed_store(400);
    let mut reset = log_in_use(&bytes);
    // As after a restart of the log: the frames are old.
    reset[32 + 8] ^= 1;
    for (log, what) in
        [(Vec::new(), "empty"), (log_in_use(&bytes)[..32].to_vec(), "a header alone"), (reset, "old frames")]
    {
        let dir = with_log(&bytes, &log);
        let engine =
            claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(engine.condition().recovered.len(), 1, "{what}");
        assert_eq!(lost(&*engine, &content, what), Vec::<Vec<u8>>::new());
        writes_go_on(&*engine, &content, &[], what);
    }
}

/// Such a log was once removed, together with the commits that it may have contained.
#[test]
fn a_write_ahead_log_whose_frames_are_damaged_is_kept_beside_the_damaged_file() {
    let (bytes, content) = closed_store(400);
    let whole = log_in_use(&bytes);
    // Damage to the magic, to the page of the first frame, and to everything.
    for at in [Some(0), Some(32 + 24 + 100), None] {
        let mut rotted = whole.clone();
        match at {
            Some(at) => rotted[at] ^= 1,
            None => rotted.clear(),
        }
        let dir = with_log(&bytes, &rotted);
        let log = dir.path().join("store.sqlite3-wal");
        fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).unwrap();
        let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
        assert_eq!(engine.condition().recovered.len(), 1, "{at:?}");
        assert_eq!(lost(&*engine, &content, "without the log"), Vec::<Vec<u8>>::new());
        let kept = dir.path().join("store.sqlite3.damaged-1-wal");
        assert_eq!(kept.exists(), at.is_some(), "{at:?}");
        assert!(!dir.path().join("store.sqlite3.unused-log").exists(), "{at:?}");
        if at.is_some() {
            assert!(fs::read(&kept).unwrap() == rotted, "{at:?}");
            assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
            // The next log does not take its name, even after the damaged file was moved away.
            fs::remove_file(dir.path().join("store.sqlite3.damaged-1")).unwrap();
            drop(engine);
            fs::write(dir.path().join(FILE), without_first_page(&bytes)).unwrap();
            drop(claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap());
            assert!(dir.path().join("store.sqlite3.damaged-2").exists() && fs::read(&kept).unwrap() == rotted);
        }
    }
}

/// A kill during a commit leaves such a log, with a sound file. It is harmless.
#[test]
fn a_write_ahead_log_of_no_use_beside_a_sound_file_leaves_nothing() {
    let (bytes, content) = closed_store(400);
    let whole = log_in_use(&bytes);
    let mut reset = whole.clone();
    reset[32 + 8] ^= 1;
    let zeros = vec![0; whole.len()];
    for (log, what) in [(&whole[..32], "a header alone"), (&whole[..1000], "cut"), (&reset, "reset"), (&zeros, "zeros")]
    {
        let dir = sound_with_log(&bytes, log);
        let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
        assert_eq!(lost(&*engine, &content, what), Vec::<Vec<u8>>::new());
        assert_eq!(engine.condition(), Condition::default(), "{what}");
        drop(engine);
        assert_eq!(names(&dir), ["store.lock", FILE], "{what}");
    }
}

/// SQLite ignores and overwrites it: acknowledged commits were once lost without a message.
#[test]
fn a_write_ahead_log_that_is_damaged_beside_a_sound_file_is_kept_and_told_of() {
    let (bytes, content) = closed_store(400);
    for log in rotted(&log_in_use(&bytes)) {
        let dir = sound_with_log(&bytes, &log);
        let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
        assert_eq!(lost(&*engine, &content, "without the log"), Vec::<Vec<u8>>::new());
        writes_go_on(&*engine, &content, &[], "over the log");
        let kept = dir.path().join("store.sqlite3.damaged-log-1");
        assert!(fs::read(&kept).unwrap() == log);
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
        let Condition { log: message, recovered, damage } = engine.condition();
        assert_eq!((recovered, damage), (vec![], None));
        let message = message.unwrap();
        assert!(message.contains("are lost") && message.contains(kept.to_str().unwrap()), "{message}");
        drop(engine);
        assert_eq!(names(&dir), ["store.lock", FILE, "store.sqlite3.damaged-log-1"]);
        assert_eq!(
            claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap().condition(),
            Condition::default(),
            "it is reported once"
        );
    }
}

/// The number of copies is limited, even on a failing disk, and they use no names of recoveries.
#[test]
fn no_more_than_three_damaged_logs_are_kept() {
    let (bytes, content) = closed_store(100);
    let [log, _] = rotted(&log_in_use(&bytes));
    let dir = sound_with_log(&bytes, &log);
    for round in 1..=4 {
        let message = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap().condition().log.unwrap();
        assert_eq!(message.contains("kept already"), round == 4, "{message}");
        fs::write(dir.path().join("store.sqlite3-wal"), &log).unwrap();
    }
    fs::write(dir.path().join(FILE), without_first_page(&bytes)).unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    assert_eq!(lost(&*engine, &content, "recovered"), Vec::<Vec<u8>>::new());
    assert_eq!(engine.condition().recovered[0].kept, dir.path().join("store.sqlite3.damaged-1"));
}

/// The log was once moved before the damaged file was linked, and was then kept alone.
#[test]
fn a_recovery_that_fails_leaves_neither_a_log_without_its_file_nor_a_file_of_two_names() {
    let (bytes, content) = closed_store(100);
    let [log, _] = rotted(&log_in_use(&bytes));
    let refused = |dir: &tempfile::TempDir| {
        let refused = claviger_store::open(&StoreConfig::embedded(dir.path())).map(drop);
        assert!(matches!(refused, Err(StoreError::NotRecovered { .. })), "{refused:?}");
    };
    let recovered = |dir: &tempfile::TempDir| {
        let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
        assert_eq!(lost(&*engine, &content, "recovered"), Vec::<Vec<u8>>::new());
        assert!(dir.path().join("store.sqlite3.damaged-1").exists());
    };
    // A dangling link has the name, so the damaged file cannot be kept under it.
    let dir = with_log(&bytes, &log);
    let (taken, kept_log) =
        (dir.path().join("store.sqlite3.damaged-1"), dir.path().join("store.sqlite3.damaged-1-wal"));
    std::os::unix::fs::symlink("nowhere", &taken).unwrap();
    refused(&dir);
    assert!(!kept_log.exists(), "{:?}", names(&dir));
    fs::remove_file(&taken).unwrap();
    recovered(&dir);
    assert!(fs::read(&kept_log).unwrap() == log);
    // The index of the log cannot be removed after the damaged file was linked.
    let dir = with_log(&bytes, &[]);
    let index = dir.path().join("store.sqlite3-shm");
    fs::remove_file(dir.path().join("store.sqlite3-wal")).unwrap();
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    refused(&dir);
    assert_eq!(names(&dir), ["store.lock", FILE, "store.sqlite3-shm"]);
    fs::remove_dir(&index).unwrap();
    recovered(&dir);
}

#[test]
fn a_write_ahead_log_that_holds_a_commit_is_not_thrown_away() {
    let (bytes, mut content) = closed_store(400);
    let dir = with_log(&bytes, &log_in_use(&bytes));
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    content.insert(name(0), value(3, 150));
    assert_eq!(lost(&*engine, &content, "folded in"), Vec::<Vec<u8>>::new());
}
