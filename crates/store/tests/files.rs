//! The files of the SQLite engine: who may open them, which are refused, and which remain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use claviger_store::{Batch, Commit, Engine, Revision, StoreConfig, StoreError};

const FILE: &str = "store.sqlite3";

fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) -> Revision {
    match engine.commit(Batch::new().put(key, value.to_vec())).unwrap() {
        Commit::Done(revision) => revision,
        Commit::Conflict { .. } => panic!("a batch without preconditions conflicted"),
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_clean_close_leaves_one_file_that_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    let revision = put(&*engine, b"a", b"1");
    for name in names(dir.path()) {
        let mode = fs::metadata(dir.path().join(&name)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} can be read by others");
    }
    drop(engine);
    assert_eq!(names(dir.path()), ["store.lock", FILE]);
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    assert_eq!(engine.get(b"a").unwrap().unwrap().revision, revision);
    let Ok(Commit::Done(next)) = engine.commit(Batch::new().delete(b"a")) else { panic!("no delete") };
    assert!(next > revision);
    // The history survives, too: a watch continues where it was before the restart.
    let mut watch = engine.watch(b"", revision).unwrap();
    assert_eq!(watch.next(Duration::ZERO).unwrap().unwrap().revision, next);
}

#[test]
fn a_second_owner_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    assert_eq!(
        claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap_err(),
        StoreError::InUse(dir.path().to_owned())
    );
    put(&*engine, b"a", b"1");
    drop(engine);
    assert!(claviger_store::open(&StoreConfig::embedded(dir.path())).is_ok());
}

#[test]
fn a_reader_works_beside_the_owner_and_never_writes() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        claviger_store::open_for_inspection(&StoreConfig::embedded(dir.path())),
        Err(StoreError::Unusable { .. })
    ));
    assert_eq!(names(dir.path()), Vec::<String>::new(), "a reader made files");
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    let reader = claviger_store::open_for_inspection(&StoreConfig::embedded(dir.path())).unwrap();
    let mut watch = reader.watch(b"a", Revision(0)).unwrap();
    assert_eq!(watch.next(Duration::ZERO).unwrap(), None);
    // The watch is already waiting, with a longer timeout than that of this test, when the owner writes.
    let (seen, sees) = std::sync::mpsc::channel();
    std::thread::spawn(move || seen.send(watch.next(Duration::from_secs(3600))));
    std::thread::sleep(Duration::from_millis(300));
    put(&*engine, b"a", b"1");
    assert_eq!(reader.get(b"a").unwrap().unwrap().value, b"1");
    let change = sees.recv_timeout(Duration::from_secs(60)).expect("the watch sleeps on").unwrap().unwrap();
    assert_eq!(change.key, b"a");
    assert_eq!(reader.commit(Batch::new()), Err(StoreError::ReadOnly));
    drop(engine);
    assert_eq!(reader.get(b"a").unwrap().unwrap().value, b"1");
}

#[test]
fn foreign_files_are_refused_and_left_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let refused = || {
        let before = fs::read(&file).unwrap();
        let (owner, reader) = (
            claviger_store::open(&StoreConfig::embedded(dir.path())),
            claviger_store::open_for_inspection(&StoreConfig::embedded(dir.path())),
        );
        assert_eq!(fs::read(&file).unwrap(), before, "a foreign file was written");
        assert_eq!(names(dir.path()), ["store.lock", FILE], "files were made beside a foreign one");
        (owner.unwrap_err(), reader.unwrap_err())
    };
    let not_a_store = || StoreError::NotAStore(file.clone());
    for length in [10, 511, 5000] {
        fs::write(&file, &b"this is a text file of some length ".repeat(200)[..length]).unwrap();
        assert_eq!(refused(), (not_a_store(), not_a_store()), "{length} bytes of text");
    }
    fs::remove_file(&file).unwrap();
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert_eq!(refused(), (not_a_store(), not_a_store()), "a database without an application id");
    other.pragma_update(None, "application_id", 7).unwrap();
    assert_eq!(refused(), (not_a_store(), not_a_store()), "a database of another application");
    other.pragma_update(None, "application_id", 0x434c_5647).unwrap();
    assert_eq!(refused(), (not_a_store(), not_a_store()), "our id, but schema 0");
    other.pragma_update(None, "user_version", 2).unwrap();
    let newer = || StoreError::Newer { path: file.clone(), schema: 2 };
    assert_eq!(refused(), (newer(), newer()));
}

/// Damage to more than one page; `damage/main.rs` tests single pages.
#[test]
fn large_damage_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE);
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    for n in 0..200_u32 {
        put(&*engine, &n.to_be_bytes(), &[7; 1000]);
    }
    drop(engine);
    let whole = fs::read(&file).unwrap();
    assert!(whole.len() > 50 * 4096);
    for (from, to) in [(4096, whole.len() / 2), (4096, whole.len())] {
        let mut bytes = whole.clone();
        bytes[from..to].fill(0xa5);
        fs::write(&file, bytes).unwrap();
        let met = claviger_store::open(&StoreConfig::embedded(dir.path())).and_then(|engine| {
            engine.commit(Batch::new().put(&7_u32.to_be_bytes(), b"new".to_vec()))?;
            engine.scan(b"", None, 1000)
        });
        assert_eq!(met, Err(StoreError::Corrupt), "bytes {from} to {to}");
    }
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    // The index of keys is in the first half, so each lost key is known.
    let left = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap().scan(b"", None, 1000).unwrap();
    let lost = left.iter().filter(|entry| entry.value.is_empty()).count();
    assert!(left.len() == 200 && (50..150).contains(&lost), "{lost} of {}", left.len());
    fs::write(&file, whole).unwrap();
    assert_eq!(
        claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap().scan(b"", None, 1000).unwrap().len(),
        200
    );
}

#[test]
fn a_directory_that_is_missing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    for opened in [
        claviger_store::open(&StoreConfig::embedded(&missing)),
        claviger_store::open_for_inspection(&StoreConfig::embedded(&missing)),
    ] {
        let StoreError::Unusable { path, .. } = opened.unwrap_err() else { panic!("another error") };
        assert!(path.starts_with(&missing), "{}", path.display());
    }
    assert!(!missing.exists());
}

/// Root may write everywhere, so this test runs itself as another user when it is started by root.
#[test]
fn a_directory_without_permission_is_named() {
    const NOBODY: u32 = 65_534;
    if let Ok(dir) = std::env::var("CLAVIGER_STORE_READ_ONLY_CHILD") {
        let refused = claviger_store::open(&StoreConfig::embedded(&dir)).unwrap_err();
        assert!(matches!(&refused, StoreError::Unusable { path, .. } if path.starts_with(&dir)), "{refused:?}");
        println!("child is done: {refused}");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // A copy, because other users may have no access to the build directory.
    let binary = dir.path().join("again");
    fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let (empty, made) = (dir.path().join("empty"), dir.path().join("made"));
    fs::create_dir(&empty).unwrap();
    fs::create_dir(&made).unwrap();
    drop(claviger_store::open(&StoreConfig::embedded(&made)).unwrap());
    for path in [&empty, &made, dir.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
    }
    let is_root = fs::metadata(dir.path()).unwrap().uid() == 0;
    for store in [&empty, &made] {
        if !is_root && store == &made {
            // Only the directory is not writable. Its files belong to the user, so the store rightly opens.
            continue;
        }
        let mut command = Command::new(&binary);
        command.args(["--exact", "a_directory_without_permission_is_named", "--nocapture"]);
        command.env("CLAVIGER_STORE_READ_ONLY_CHILD", store);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("child is done"), "{text}");
    }
    for path in [&empty, &made, dir.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn what_was_deleted_or_overwritten_is_not_left_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    let (deleted, overwritten, kept) = ([0xd1; 900], [0x0e; 900], [0x5a; 900]);
    for (key, value) in [(b"a", deleted), (b"b", overwritten), (b"c", kept)] {
        put(&*engine, key, &value);
    }
    drop(engine);
    let holds = |value: &[u8]| {
        let file = fs::read(dir.path().join(FILE)).unwrap();
        file.windows(64).any(|window| window == &value[..64])
    };
    assert!(holds(&deleted) && holds(&overwritten) && holds(&kept));
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    assert!(matches!(engine.commit(Batch::new().delete(b"a")), Ok(Commit::Done(_))));
    put(&*engine, b"b", b"");
    drop(engine);
    assert!(!holds(&deleted) && !holds(&overwritten) && holds(&kept));
}

#[test]
fn a_fifo_in_the_place_of_a_file_is_refused_by_name() {
    for name in [FILE, "store.lock"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        let (done, waiting) = std::sync::mpsc::channel();
        let at = dir.path().to_owned();
        std::thread::spawn(move || done.send(claviger_store::open(&StoreConfig::embedded(&at)).map(drop)));
        let outcome = waiting.recv_timeout(Duration::from_secs(60)).expect("it still waits");
        let reason = "it is a FIFO, not a regular file".to_owned();
        assert_eq!(outcome, Err(StoreError::Unusable { path, reason }));
    }
}
