//! A control plane action that panics: its record still names who called and what for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use claviger_base::Clock;
use claviger_base::id::{AccessKeyId, KeyId};
use claviger_keygen::{Generator, StockSizes};
use claviger_service::{Caller, Config, Service, ServiceError, first_start};
use claviger_store::{Batch, Commit, Engine, Entry, MemoryEngine, Record, Revision, StoreError, Watch};
use claviger_vault::{FileSeal, Vault};
use claviger_wire::rpc::action::Action;
use claviger_wire::rpc::error::RpcError;
use claviger_wire::rpc::parameters::Parameters;

use super::super::principal;
use super::Work;
use crate::journal::Facts;

/// A store whose reads panic from the moment that it is told to.
#[derive(Debug, Default)]
struct Panicking {
    engine: MemoryEngine,
    panics: AtomicBool,
}

impl Engine for Panicking {
    fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        assert!(!self.panics.load(Ordering::SeqCst), "as a fault would");
        self.engine.get(key)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.engine.scan(prefix, after, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        self.engine.commit(batch)
    }

    fn watch(&self, prefix: &[u8], from: Revision) -> Result<Box<dyn Watch>, StoreError> {
        self.engine.watch(prefix, from)
    }
}

fn service() -> (Arc<Service>, Arc<Panicking>) {
    let dir = tempfile::tempdir().unwrap();
    let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
    let engine = Arc::new(Panicking::default());
    let vault = Arc::new(Vault::create(Arc::clone(&engine) as _, &seal).unwrap());
    let clock = Clock::default();
    first_start::<ServiceError>(&vault, &clock, |_handed_out| Ok(())).unwrap();
    let keygen = claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() };
    let generator = Generator::start(keygen).unwrap();
    (Arc::new(Service::new(vault, clock, generator, Config::default()).unwrap()), engine)
}

#[tokio::test]
async fn the_record_of_an_action_that_panics_names_caller_and_operation() {
    let (service, engine) = service();
    let (caller, key) = (AccessKeyId::generate().unwrap(), KeyId::generate().unwrap());
    let named = |caller: &AccessKeyId| Some(principal(&Caller::AccessKey(caller.clone())));
    for (panics, refusal) in [(false, RpcError::KeyNotFound), (true, RpcError::InternalFailure)] {
        engine.panics.store(panics, Ordering::SeqCst);
        let mut facts = Facts::default();
        facts.operation = Some(Action::DescribeKey.name());
        facts.principal = named(&caller);
        facts.name_key(key.as_str());
        let work = Work {
            action: Action::DescribeKey,
            caller: caller.clone(),
            parameters: Parameters::decode(&format!("KeyId={key}"), &[]).unwrap(),
            request_id: String::new(),
        };
        assert_eq!(work.perform(&service, &mut facts).await, Err(refusal));
        assert_eq!(facts.operation, Some("DescribeKey"), "{panics}");
        assert_eq!(facts.principal, named(&caller), "{panics}");
        assert_eq!(facts.key_id.as_deref(), Some(key.as_str()), "{panics}");
    }
}
