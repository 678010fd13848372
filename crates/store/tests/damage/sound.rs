//! Statements that SQLite refuses on a sound file, because another program changed it: the file is not recovered, and so not
//! rewritten.

use claviger_store::{Batch, Commit, Condition, Revision, StoreConfig, StoreError};

use super::FILE;

/// This once counted as damage: the file was rewritten, its history lost, and a name for damaged files used up.
#[test]
fn a_sound_file_that_refuses_a_statement_is_not_recovered() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    let put = |key: &[u8]| engine.commit(Batch::new().put(key, b"1".to_vec()));
    assert!(matches!(put(b"a"), Ok(Commit::Done(_))));
    let other = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
    let trigger =
        "CREATE TRIGGER no BEFORE INSERT ON record WHEN new.key = x'62' BEGIN SELECT RAISE(ABORT, 'not b'); END";
    other.execute_batch(trigger).unwrap();
    std::thread::scope(|scope| {
        let refused = scope.spawn(|| (0..20).for_each(|_| refused(&put(b"b"))));
        // A refused batch does not affect the others.
        (0..20_u8).for_each(|n| assert!(matches!(put(&[b'c', n]), Ok(Commit::Done(_)))));
        refused.join().unwrap();
    });
    assert_eq!(engine.condition(), Condition::default());
    assert!(!dir.path().join("store.sqlite3.damaged-1").exists());
    assert_eq!(engine.get(b"b"), Ok(None));
    assert!(engine.watch(b"", Revision(0)).unwrap().next(std::time::Duration::ZERO).is_ok(), "the history is kept");
    other.execute_batch("DROP TRIGGER no").unwrap();
    assert!(matches!(put(b"b"), Ok(Commit::Done(_))));
}

fn refused(outcome: &Result<Commit, StoreError>) {
    let Err(StoreError::StatementRefused(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("not b"), "{reason}");
}

/// A table that another program dropped is damage: no statement works any more, and a recovery creates it again.
#[test]
fn a_table_that_is_gone_is_recovered() {
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    engine.commit(Batch::new().put(b"a", b"1".to_vec())).unwrap();
    let other = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
    other.execute_batch("DROP TABLE change").unwrap();
    drop(other);
    assert!(matches!(engine.commit(Batch::new().put(b"b", b"2".to_vec())), Ok(Commit::Done(_))));
    assert_eq!(engine.condition().recovered.len(), 1);
    assert_eq!(engine.get(b"a").unwrap().unwrap().value, b"1");
}
