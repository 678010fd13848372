//! When a service says that its store is ready.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

use std::sync::Arc;

use claviger_base::Clock;
use claviger_keygen::Generator;
use claviger_model::Instance;
use claviger_service::{Config, Service, ServiceError, first_start};
use claviger_store::{Fault, FaultyEngine, MemoryEngine, StoreError};
use claviger_vault::{FileSeal, Vault};

#[test]
fn a_store_that_can_only_be_read_does_not_pass_the_check() {
    let dir = tempfile::tempdir().unwrap();
    let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
    let engine = Arc::new(FaultyEngine::new(Arc::new(MemoryEngine::default())));
    let vault = Arc::new(Vault::create(Arc::clone(&engine) as _, &seal).unwrap());
    let clock = Clock::default();
    let instance = first_start(&vault, &clock, |_first| Ok::<_, ServiceError>(())).unwrap();
    let generator = Generator::start(claviger_keygen::Config::default()).unwrap();
    let service = Service::new(Arc::clone(&vault), clock, generator, Config::default()).unwrap();
    service.check_store().unwrap();
    assert_eq!(vault.single::<Instance>().unwrap().unwrap().record, instance, "the check changes nothing");
    engine.fail_commit(1, Fault::Refused(StoreError::Full));
    assert!(service.check_store().is_err());
    service.check_store().unwrap();
}
