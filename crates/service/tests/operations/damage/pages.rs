//! What the service does when pages of the store's file are destroyed.

use super::*;

/// Destroys each page of a store's file in turn. Keys that are not lost work and rotate, and lost records are named. If a
/// record without which no server can start is lost, the start is refused with the name of that record.
#[tokio::test]
async fn whichever_page_of_the_file_is_destroyed_the_keys_that_are_left_work_and_rotate() {
    const PAGE: usize = 4096;
    let instance = instance().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.sqlite3");
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    for entry in instance.engine.scan(b"", None, usize::MAX).unwrap() {
        engine.commit(Batch::new().put(&entry.key, entry.value)).unwrap();
    }
    drop(engine);
    let whole = std::fs::read(&file).unwrap();
    let (mut served, mut refused) = (0, 0);
    for page in 0..whole.len() / PAGE {
        let what = format!("page {}", page + 1);
        let dir = tempfile::tempdir().unwrap();
        let mut damaged = whole.clone();
        damaged[page * PAGE..(page + 1) * PAGE].fill(0);
        std::fs::write(dir.path().join("store.sqlite3"), damaged).unwrap();
        let opened = claviger_store::open(&StoreConfig::embedded(dir.path()));
        let engine = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
        let service = match service_on(Arc::clone(&engine), &instance.seal) {
            Ok(service) => service,
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("meta/keyring") || text.contains("meta/instance"), "{what}: {text}");
                assert!(text.contains("restore the store from a backup"), "{what}: {text}");
                refused += 1;
                continue;
            }
        };
        served += 1;
        service.check_everything().unwrap();
        let lost: Vec<String> = engine
            .scan(b"", None, usize::MAX)
            .unwrap()
            .into_iter()
            .filter(|entry| entry.value.is_empty())
            .map(|entry| String::from_utf8(entry.key).unwrap())
            .collect();
        assert_eq!(service.damage().records, lost.len(), "{what}: {lost:?}");
        for key in [&instance.damaged, &instance.other] {
            let is_lost = |path: &String| {
                ["key/", "version/", "iv-uses/"].iter().any(|kind| path.starts_with(kind))
                    && path.contains(key.id.as_str())
            };
            let ask = || encrypt(key, VersionChoice::Primary, b"x");
            if !lost.iter().any(is_lost) {
                assert!(service.encrypt(ask()).await.is_ok(), "{what}");
            }
        }
        service.clock().advance_s(31 * DAY_S);
        let (done, failed) = passes(&service);
        assert_eq!(failed, 0, "{what}");
        for key in [&instance.damaged, &instance.other] {
            let is_known = !lost.contains(&format!("key/{}", key.id));
            assert_eq!(has_rotated(&done, key), is_known, "{what}: {done:?}");
        }
    }
    assert!(served >= 8 && refused == 0, "{served} served, {refused} refused");
}

/// The report is what `/readyz` shows.
#[tokio::test]
async fn a_write_ahead_log_that_was_damaged_is_in_the_report() {
    let instance = instance().await;
    let dir = tempfile::tempdir().unwrap();
    let engine = claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap();
    for entry in instance.engine.scan(b"", None, usize::MAX).unwrap() {
        engine.commit(Batch::new().put(&entry.key, entry.value)).unwrap();
    }
    drop(engine);
    std::fs::write(dir.path().join("store.sqlite3-wal"), b"no header of a log; ".repeat(300)).unwrap();
    let service =
        service_on(claviger_store::open(&StoreConfig::embedded(dir.path())).unwrap(), &instance.seal).unwrap();
    instance.the_other_key_works(&service, "beside a damaged log").await;
    service.check_everything().unwrap();
    let report = service.damage();
    assert!(report.log.as_ref().is_some_and(|message| message.contains("store.sqlite3.damaged-log-1")), "{report:?}");
    assert_eq!((report.records, report.repaired, report.store), (0, vec![], None));
}
