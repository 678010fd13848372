//! For tests: an instance with a store in memory, as the first start creates it.

use std::sync::Arc;

use claviger_base::Clock;
use claviger_keygen::{Generator, StockSizes};
use claviger_service::{Config, Intent, Service, ServiceError, first_start};
use claviger_store::Engine;
use claviger_vault::{FileSeal, Vault};

/// The intent of a change whose audit record is not tested.
pub(crate) fn intent() -> Intent {
    Intent::local("Test").unwrap()
}

/// An initialised instance.
pub(crate) struct Instance {
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Clock,
    pub(crate) record: claviger_model::Instance,
}

impl Instance {
    pub(crate) fn with_engine(engine: Arc<dyn Engine>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
        let vault = Arc::new(Vault::create(engine, &seal).unwrap());
        let clock = Clock::default();
        let record = first_start::<ServiceError>(&vault, &clock, |_handed_out| Ok(())).unwrap();
        Self { vault, clock, record }
    }

    /// A service without a stock of key pairs.
    pub(crate) fn service(&self) -> Arc<Service> {
        let keygen = claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() };
        let generator = Generator::start(keygen).unwrap();
        let service = Service::new(Arc::clone(&self.vault), self.clock.clone(), generator, Config::default());
        Arc::new(service.unwrap())
    }
}
