//! The records without which no server can start: each has a copy, and a start and the daily check repair record and copy.

use std::sync::Arc;

use claviger_base::SecretBytes;
use claviger_store::{Batch, Engine as _, Fault, FaultyEngine, StoreError};
use claviger_vault::{Audit, AuditSigningKey, Kind, Vault};

use super::{damages, instance, service_on, service_over};

const NEEDED: [&str; 4] = ["meta/keyring", "meta/instance", "meta/audit-signing-key", "meta/tls-authority"];

/// Before there were copies, losing one of these records lost every key.
#[tokio::test]
async fn each_record_that_a_start_needs_is_put_back_from_its_copy() {
    let instance = instance().await;
    for path in NEEDED {
        let value = instance.engine.get(path.as_bytes()).unwrap().unwrap().value;
        for (damage, damaged) in damages(&value) {
            let what = format!("{path}: {damage}");
            for damaged_path in [path.to_owned(), format!("~spare/{path}")] {
                let (engine, _before) = instance.damaged_copy(&damaged_path, damaged.clone());
                let service = service_over(&engine, &instance.seal).unwrap_or_else(|error| panic!("{what}: {error}"));
                instance.the_other_key_works(&service, &what).await;
                assert_eq!(engine.get(damaged_path.as_bytes()).unwrap().unwrap().value, value, "{what}");
                service.check_everything().unwrap();
                assert_eq!(service.damage().records, 0, "{what}");
            }
        }
        let (engine, _before) = instance.damaged_copy(path, value.clone());
        engine.commit(Batch::new().delete(path.as_bytes())).unwrap();
        let service = service_over(&engine, &instance.seal).unwrap_or_else(|error| panic!("{path} gone: {error}"));
        instance.the_other_key_works(&service, path).await;
        // If both are damaged, the error names the record.
        for both in [path.to_owned(), format!("~spare/{path}")] {
            engine.commit(Batch::new().put(both.as_bytes(), b"damaged".to_vec())).unwrap();
        }
        if matches!(path, "meta/keyring" | "meta/instance") {
            let refused = service_over(&engine, &instance.seal).unwrap_err().to_string();
            assert!(refused.contains(path) && refused.contains("restore"), "{refused}");
        }
    }
}

/// In earlier versions, the check did not report a damaged keyring, and repaired neither the other records nor any copy.
#[tokio::test]
async fn the_daily_check_repairs_each_of_them_and_its_copy_and_reports_it() {
    let instance = instance().await;
    for path in NEEDED {
        let value = instance.engine.get(path.as_bytes()).unwrap().unwrap().value;
        for (damage, damaged) in damages(&value) {
            for damaged_path in [path.to_owned(), format!("~spare/{path}")] {
                let what = format!("{damaged_path}: {damage}");
                let (engine, service) = instance.damaged_copy(&damaged_path, damaged.clone());
                assert_eq!(service.damage().repaired, Vec::<String>::new(), "{what}");
                service.check_everything().unwrap();
                assert_eq!(engine.get(damaged_path.as_bytes()).unwrap().unwrap().value, value, "{what}");
                let report = service.damage();
                assert_eq!((report.records, report.repaired), (0, vec![damaged_path]), "{what}");
                instance.the_other_key_works(&service, &what).await;
            }
        }
        let (engine, service) = instance.damaged_copy(path, value.clone());
        let lies_there = |path: &str| engine.get(path.as_bytes()).unwrap().is_some_and(|it| it.value == value);
        engine.commit(Batch::new().delete(path.as_bytes())).unwrap();
        service.check_everything().unwrap();
        assert!(lies_there(path) && service.damage().repaired == [path], "{path} gone");
    }
}

#[tokio::test]
async fn where_both_are_damaged_the_daily_check_counts_both_and_the_keyring_comes_from_memory() {
    let instance = instance().await;
    for path in NEEDED {
        let value = instance.engine.get(path.as_bytes()).unwrap().unwrap().value;
        let copy = format!("~spare/{path}");
        let (engine, service) = instance.damaged_copy(path, b"damaged".to_vec());
        engine.commit(Batch::new().put(copy.as_bytes(), b"damaged".to_vec())).unwrap();
        service.check_everything().unwrap();
        let report = service.damage();
        if path == "meta/keyring" {
            assert_eq!((report.records, report.repaired), (0, vec![path.to_owned(), copy.clone()]));
            assert!([path, &copy].iter().all(|it| engine.get(it.as_bytes()).unwrap().unwrap().value == value));
        } else {
            assert_eq!((report.first, report.repaired), (vec![path.to_owned(), copy.clone()], vec![]), "{path}");
        }
        // A missing record counts as well.
        engine.commit(Batch::new().delete(path.as_bytes()).delete(copy.as_bytes())).unwrap();
        service.check_everything().unwrap();
        assert_eq!(service.damage().records > 0, path != "meta/keyring", "{path}");
    }
}

/// In earlier versions, a store that could not write ended the check at the first record that had to be restored.
#[tokio::test]
async fn what_cannot_be_restored_keeps_the_daily_check_from_nothing_else() {
    let instance = instance().await;
    let (_, alias) = instance.paths.iter().find(|(kind, _)| *kind == Kind::Alias).unwrap();
    let (engine, _before) = instance.damaged_copy(alias, b"damaged".to_vec());
    let faulty = FaultyEngine::new(Arc::new(engine.clone()));
    let service = service_on(Arc::new(faulty.clone()), &instance.seal).unwrap();
    let gone = "meta/keyring".to_owned();
    let copies = ["~spare/meta/keyring", "~spare/meta/tls-authority"].map(str::to_owned).to_vec();
    let damaged = |batch: Batch, path: &String| batch.put(path.as_bytes(), b"damaged".to_vec());
    engine.commit(copies.iter().fold(Batch::new(), damaged).delete(gone.as_bytes())).unwrap();
    faulty.fail_commit(1, Fault::Refused(StoreError::Full));
    service.check_everything().unwrap();
    let report = service.damage();
    assert_eq!((report.repaired, report.first), (copies.clone(), vec![alias.clone(), gone.clone()]));
    // There is space again.
    service.check_everything().unwrap();
    let report = service.damage();
    assert_eq!((report.repaired, report.first), ([vec![gone], copies].concat(), vec![alias.clone()]));
}

#[tokio::test]
async fn what_was_not_written_is_not_told_of_as_restored() {
    let instance = instance().await;
    let path = "meta/instance".to_owned();
    let (engine, _before) = instance.damaged_copy(&path, b"damaged".to_vec());
    let faulty = FaultyEngine::new(Arc::new(engine));
    let vault = Vault::open(Arc::new(faulty.clone()), &instance.seal).unwrap();
    faulty.fail_commit(1, Fault::Overtaken);
    vault.check_essential().unwrap();
    assert_eq!((vault.damage().repaired, vault.damage().first), (vec![], vec![path]));
}

/// In earlier versions, the copy was outdated until the next start or check, and damage in between restored the old key.
#[tokio::test]
async fn a_copy_is_written_with_its_record() {
    let instance = instance().await;
    let (path, copy) = ("meta/audit-signing-key", "~spare/meta/audit-signing-key");
    let lies_at = |path: &str| instance.engine.get(path.as_bytes()).unwrap().unwrap().value;
    let vault = Vault::open(Arc::new(instance.engine.clone()), &instance.seal).unwrap();
    let stored = vault.single::<AuditSigningKey>().unwrap().unwrap();
    let new = AuditSigningKey { seed: SecretBytes::random(32).unwrap(), has_log: false, has_anchor: true };
    let before = lies_at(path);
    vault.change().update(&stored, &new).unwrap().commit(Audit::NoRecord("a test")).unwrap();
    let now = lies_at(path);
    assert!(now != before && lies_at(copy) == now);
    instance.engine.commit(Batch::new().put(path.as_bytes(), b"damaged".to_vec())).unwrap();
    vault.repair_essential().unwrap();
    assert!(lies_at(path) == now);
    vault.change().delete(&new).commit(Audit::NoRecord("a test")).unwrap();
    vault.repair_essential().unwrap();
    assert!(instance.engine.get(path.as_bytes()).unwrap().is_none(), "a copy brought back what was removed");
}

/// A store of an earlier version may have outdated copies, which do not count as damage.
#[tokio::test]
async fn a_copy_of_before_is_written_anew_and_is_no_damage() {
    let instance = instance().await;
    let (path, copy) = ("meta/instance", "~spare/meta/instance");
    let value = instance.engine.get(path.as_bytes()).unwrap().unwrap().value;
    let (engine, service) = instance.damaged_copy(path, value.clone());
    service.check_store().unwrap();
    let now = engine.get(path.as_bytes()).unwrap().unwrap().value;
    assert_ne!(now, value);
    engine.commit(Batch::new().put(copy.as_bytes(), value)).unwrap();
    service.check_everything().unwrap();
    assert_eq!(engine.get(copy.as_bytes()).unwrap().unwrap().value, now);
    assert_eq!(service.damage(), Default::default());
}
