//! A write-ahead log beside a file whose first page is destroyed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use claviger_store::{Batch, Engine, SqliteEngine};

use super::{FILE, PAGE, closed_store, lost, name, opened, value, writes_go_on};

/// A file whose first page is destroyed, with this write-ahead log and an index beside it.
fn with_log(bytes: &[u8], log: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut bad = bytes.to_vec();
    bad[..PAGE].fill(0);
    fs::write(dir.path().join(FILE), bad).unwrap();
    fs::write(dir.path().join("store.sqlite3-wal"), log).unwrap();
    fs::write(dir.path().join("store.sqlite3-shm"), vec![0; 32_768]).unwrap();
    dir
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
    // As after a reset: the frames are of a log before.
    reset[32 + 8] ^= 1;
    for (log, what) in
        [(Vec::new(), "empty"), (log_in_use(&bytes)[..32].to_vec(), "a header alone"), (reset, "old frames")]
    {
        let dir = with_log(&bytes, &log);
        let engine = SqliteEngine::open(dir.path()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(engine.condition().recovered.len(), 1, "{what}");
        assert_eq!(lost(&engine, &content, what), Vec::<Vec<u8>>::new());
        writes_go_on(&engine, &content, &[], what);
    }
}

/// It was removed, and with it every way to look for the commits that it held.
#[test]
fn a_write_ahead_log_whose_frames_are_damaged_is_kept_beside_the_damaged_file() {
    let (bytes, content) = closed_store(400);
    let whole = log_in_use(&bytes);
    // The magic; the first frame's page; and one with nothing left.
    for at in [Some(0), Some(32 + 24 + 100), None] {
        let mut rotted = whole.clone();
        match at {
            Some(at) => rotted[at] ^= 1,
            None => rotted.clear(),
        }
        let dir = with_log(&bytes, &rotted);
        let log = dir.path().join("store.sqlite3-wal");
        fs::set_permissions(&log, fs::Permissions::from_mode(0o644)).unwrap();
        let engine = SqliteEngine::open(dir.path()).unwrap();
        assert_eq!(engine.condition().recovered.len(), 1, "{at:?}");
        assert_eq!(lost(&engine, &content, "without the log"), Vec::<Vec<u8>>::new());
        let kept = dir.path().join("store.sqlite3.damaged-1-wal");
        assert_eq!(kept.exists(), at.is_some(), "{at:?}");
        assert!(!dir.path().join("store.sqlite3.unused-log").exists(), "{at:?}");
        if at.is_some() {
            assert!(fs::read(&kept).unwrap() == rotted, "{at:?}");
            assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
            // The next one does not take its name, also after the damaged file was moved away.
            fs::remove_file(dir.path().join("store.sqlite3.damaged-1")).unwrap();
            drop(engine);
            fs::write(dir.path().join(FILE), fs::read(with_log(&bytes, &[]).path().join(FILE)).unwrap()).unwrap();
            drop(SqliteEngine::open(dir.path()).unwrap());
            assert!(dir.path().join("store.sqlite3.damaged-2").exists() && fs::read(&kept).unwrap() == rotted);
        }
    }
}

/// A kill at a commit leaves such a log beside a sound file: it means nothing.
#[test]
fn a_write_ahead_log_of_no_use_beside_a_sound_file_leaves_nothing() {
    let (bytes, content) = closed_store(400);
    let dir = with_log(&bytes, &log_in_use(&bytes)[..1000]);
    fs::write(dir.path().join(FILE), &bytes).unwrap();
    let engine = SqliteEngine::open(dir.path()).unwrap();
    assert_eq!(lost(&engine, &content, "sound"), Vec::<Vec<u8>>::new());
    drop(engine);
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["store.lock", FILE]);
}

#[test]
fn a_write_ahead_log_that_holds_a_commit_is_not_thrown_away() {
    let (bytes, mut content) = closed_store(400);
    let dir = with_log(&bytes, &log_in_use(&bytes));
    let engine = SqliteEngine::open(dir.path()).unwrap();
    content.insert(name(0), value(3, 150));
    assert_eq!(lost(&engine, &content, "folded in"), Vec::<Vec<u8>>::new());
}
