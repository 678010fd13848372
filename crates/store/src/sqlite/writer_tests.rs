//! Tests of the writer that need its internals: groups, a full disk, the latch, the trimmed history.

use tempfile::TempDir;

use super::*;
use crate::contract::{Engine, VersionedValue};
use crate::sqlite::read::Readers;
use crate::sqlite::repair::SharedCondition;
use crate::sqlite::{SqliteEngine, file_names, open};

struct Bench {
    dir: TempDir,
    ledger: GroupCommitter,
    readers: Arc<Readers>,
    known: Arc<SharedCondition>,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let connection = open::writable(dir.path()).unwrap();
    let file = file_names::store(dir.path());
    let (file_identity, readers, known) =
        (FileIdentity::of(&file).unwrap(), Arc::new(Readers::new(file)), Arc::<SharedCondition>::default());
    let repair = Repair::new(dir.path().to_owned(), Arc::clone(&readers), Arc::clone(&known));
    Bench { ledger: GroupCommitter::new(connection, file_identity, repair), readers, known, dir }
}

impl Bench {
    fn commit(&mut self, group: &[Batch]) -> Vec<Answer> {
        self.ledger.commit_group(group)
    }

    fn connection(&self) -> &Connection {
        self.ledger.connection.as_ref().unwrap()
    }

    /// Limits the pages of the file. Beyond the limit, SQLite answers SQLITE_FULL, by the same code path as for ENOSPC.
    fn set_pages_max(&self, pages: i64) {
        self.connection().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    }

    fn pages(&self) -> i64 {
        self.connection().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap()
    }
}

fn put(key: &[u8], value: &[u8]) -> Batch {
    Batch::new().put(key, value.to_vec())
}

fn record(value: &[u8], revision: u64) -> Option<VersionedValue> {
    Some(VersionedValue { value: value.to_vec(), revision: Revision(revision) })
}

#[test]
fn what_makes_commits_durable_is_set() {
    let bench = bench();
    let text: String = bench.connection().pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    let level: i64 = bench.connection().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!((text.as_str(), level), ("wal", 2), "2 is FULL: the log is synced at every commit");
}

#[test]
fn a_conflict_in_a_group_disturbs_no_other() {
    let mut bench = bench();
    let group = [
        put(b"a", b"1"),
        put(b"half", b"x").require(b"a", Precondition::Absent),
        put(b"b", b"2").require(b"a", Precondition::At(Revision(1))),
        Batch::new(),
        put(b"a", b"3").require(b"a", Precondition::At(Revision(2))),
        put(b"a", b"4").require(b"b", Precondition::At(Revision(2))),
    ];
    let conflict = Ok(Commit::Conflict { key: b"a".to_vec() });
    let done = |revision| Ok(Commit::Done(Revision(revision)));
    assert_eq!(bench.commit(&group), [done(1), conflict.clone(), done(2), done(2), conflict, done(3)]);
    assert_eq!(bench.readers.get(b"a").unwrap(), record(b"4", 3));
    assert_eq!(bench.readers.get(b"b").unwrap(), record(b"2", 2));
    assert_eq!(bench.readers.get(b"half").unwrap(), None);
}

/// Simulates a full disk with SQLite's own limit on pages.
#[test]
fn a_full_disk_refuses_the_whole_group_and_heals() {
    let mut bench = bench();
    assert_eq!(bench.commit(&[put(b"kept", b"1")]), [Ok(Commit::Done(Revision(1)))]);
    bench.set_pages_max(bench.pages() + 20);
    let large = || put(b"large", &[9; 60_000]);
    let group = [put(b"small", b"2"), large(), put(b"large/2", &[8; 60_000])];
    assert_eq!(bench.commit(&group), [const { Err(StoreError::Full) }; 3]);
    for key in [b"small".as_slice(), b"large", b"large/2"] {
        assert_eq!(bench.readers.get(key).unwrap(), None, "part of a group is stored");
    }
    assert_eq!(bench.readers.get(b"kept").unwrap(), record(b"1", 1), "reads go on");
    assert_eq!(bench.commit(&[put(b"small", b"2")]), [Ok(Commit::Done(Revision(2)))], "what fits is written");
    assert_eq!(bench.commit(&[large(), large()]).pop(), Some(Ok(Commit::Done(Revision(4)))), "one large value fits");
    assert_eq!(bench.commit(&[put(b"large/2", &[8; 60_000])]), [Err(StoreError::Full)]);
    // The operator frees space.
    bench.set_pages_max(1_000_000);
    assert_eq!(bench.commit(&[put(b"large/2", &[8; 60_000])]), [Ok(Commit::Done(Revision(5)))]);
    let Bench { dir, ledger, readers, .. } = bench;
    drop((ledger, readers));
    let engine = SqliteEngine::open(dir.path()).unwrap();
    assert_eq!(engine.scan(b"", None, 9).unwrap().len(), 4);
}

#[test]
fn after_a_failed_write_nothing_is_written_until_reopened() {
    let mut bench = bench();
    bench.commit(&[put(b"kept", b"1")]);
    bench.connection().pragma_update(None, "query_only", true).unwrap();
    assert_eq!(bench.commit(&[put(b"a", b"1"), put(b"b", b"1")]), [const { Err(StoreError::ReadOnly) }; 2]);
    bench.connection().pragma_update(None, "query_only", false).unwrap();
    assert_eq!(bench.commit(&[put(b"a", b"1")]), [Err(StoreError::Latched)]);
    assert_eq!(bench.readers.get(b"kept").unwrap(), record(b"1", 1), "reads go on");
    let Bench { dir, ledger, readers, .. } = bench;
    drop((ledger, readers));
    let engine = SqliteEngine::open(dir.path()).unwrap();
    assert_eq!(engine.scan(b"", None, 9).unwrap().len(), 1);
    assert_eq!(engine.commit(put(b"a", b"1")), Ok(Commit::Done(Revision(2))));
}

#[test]
fn another_program_that_writes_is_waited_for_and_does_not_latch() {
    let mut bench = bench();
    let other = Connection::open(file_names::store(bench.dir.path())).unwrap();
    bench.connection().busy_timeout(std::time::Duration::from_millis(5)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(bench.commit(&[put(b"a", b"1")]), [Err(StoreError::Busy)]);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(bench.commit(&[put(b"a", b"1")]), [Ok(Commit::Done(Revision(1)))]);
}

#[test]
fn history_is_trimmed_at_whole_revisions() {
    let mut bench = bench();
    bench.ledger.history_max = 250;
    let of_100 = |lead: u8| (0..100).fold(Batch::new(), |batch, n| batch.put(&[lead, n], Vec::new()));
    let mut most = 0;
    for lead in 0..30 {
        assert!(bench.commit(&[of_100(lead)])[0].is_ok());
        let one = |sql: &str| -> i64 { bench.connection().query_row(sql, [], |row| row.get(0)).unwrap() };
        let kept = one("SELECT count(*) FROM change");
        assert!(kept < 250 + 100 + TRIM_EVERY, "{kept} are kept");
        assert!(kept >= 250.min(100 * (i64::from(lead) + 1)), "only {kept} are kept");
        assert_eq!(one("SELECT count(*) FROM (SELECT 1 FROM change GROUP BY revision HAVING count(*) <> 100)"), 0);
        most = most.max(kept);
        let first = one("SELECT min(revision) FROM change");
        assert_eq!(one("SELECT value FROM counter WHERE name = 'compacted'"), first - 1);
    }
    assert!(most < 3_000, "nothing was cut");
}

/// A damaged counter is recovered during the commit that meets it, and no revision is used twice.
#[test]
fn a_lost_counter_is_recovered_by_the_commit_that_needs_it() {
    let mut bench = bench();
    assert_eq!(bench.commit(&[put(b"a", b"1")]), [Ok(Commit::Done(Revision(1)))]);
    bench.connection().execute("DELETE FROM counter WHERE name = 'revision'", []).unwrap();
    let [Ok(Commit::Done(revision))] = bench.commit(&[put(b"b", b"2")])[..] else { panic!("not committed") };
    assert!(revision > Revision(1 << 32), "{revision:?}");
    assert_eq!(bench.readers.get(b"a").unwrap(), record(b"1", 1));
    assert_eq!(bench.known.condition().recovered.len(), 1);
}

/// Rows with wrong types affect no others, and can be overwritten.
#[test]
fn a_row_of_other_types_has_an_empty_value_and_disturbs_no_other() {
    let mut bench = bench();
    bench.commit(&[put(b"a", b"1"), put(b"b", b"2"), put(b"c", b"3"), put(b"d", b"4")]);
    for damage in ["revision = -1 WHERE key = x'61'", "value = 'text' WHERE key = x'62'", "value = 7 WHERE key = x'63'"]
    {
        bench.connection().execute(&format!("UPDATE record SET {damage}"), []).unwrap();
    }
    let values = |bench: &Bench| -> Vec<Vec<u8>> {
        bench.readers.scan(b"", None, 9).unwrap().into_iter().map(|entry| entry.value).collect()
    };
    assert_eq!(values(&bench), [b"".to_vec(), b"".to_vec(), b"".to_vec(), b"4".to_vec()]);
    let damaged = bench.readers.get(b"a").unwrap().unwrap();
    assert_eq!(damaged, VersionedValue { value: Vec::new(), revision: Revision(0) });
    let again = put(b"a", b"new").require(b"a", Precondition::At(damaged.revision));
    assert!(matches!(bench.commit(&[again])[..], [Ok(Commit::Done(_))]));
    assert_eq!(values(&bench)[0], b"new");
}
