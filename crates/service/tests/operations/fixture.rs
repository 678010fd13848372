//! A service over a store in memory, with keys to use.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use claviger_base::{Clock, SecretBytes};
use claviger_keygen::{Generator, StockSizes};
use claviger_model::{Key, KeySpec, KeyUsage, RotationInterval};
use claviger_service::{
    Config, CreateKey, Decrypt, DecryptSource, Encrypt, GenerateDataKey, Intent, KeyRef, Rights, Service, ServiceError,
    VersionChoice, first_start,
};
use claviger_store::MemoryEngine;
use claviger_vault::{FileSeal, Vault};

pub(crate) const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) fn service(config: Config) -> Arc<Service> {
    with_vault(config).0
}

/// A service, and its vault, so that a test can write without the service.
pub(crate) fn with_vault(config: Config) -> (Arc<Service>, Arc<Vault>) {
    let dir = tempfile::tempdir().unwrap();
    let seal = FileSeal::create(&dir.path().join("root.key")).unwrap();
    let vault = Arc::new(Vault::create(Arc::new(MemoryEngine::default()), &seal).unwrap());
    let clock = Clock::default();
    first_start::<ServiceError>(&vault, &clock, |_handed_out| Ok(())).unwrap();
    let keygen = claviger_keygen::Config { stock: StockSizes::NONE, ..claviger_keygen::Config::default() };
    let generator = Generator::start(keygen).unwrap();
    (Arc::new(Service::new(Arc::clone(&vault), clock, generator, config).unwrap()), vault)
}

/// The intent of a change whose audit record is not tested.
pub(crate) fn intent() -> Intent {
    Intent::local("Test").unwrap()
}

pub(crate) fn default_service() -> Arc<Service> {
    service(Config::default())
}

pub(crate) fn key_of(service: &Service, spec: KeySpec, usage: Option<KeyUsage>, rotates: bool) -> Key {
    let rotation_interval = rotates.then(|| RotationInterval::from_s(30 * 86_400).unwrap());
    let request = CreateKey { spec, usage, description: String::new(), rotation_interval, creator: String::new() };
    service.create_key(request, &intent()).unwrap()
}

pub(crate) fn aes_key(service: &Service) -> Key {
    key_of(service, KeySpec::AliyunAes256, None, false)
}

pub(crate) fn by_id(key: &Key) -> KeyRef {
    KeyRef::Id(key.id.clone())
}

pub(crate) fn all_rights() -> Rights {
    Rights::everything(SOURCE)
}

pub(crate) fn encrypt(key: &Key, version: VersionChoice, plaintext: &[u8]) -> Encrypt {
    Encrypt {
        rights: all_rights(),
        key: by_id(key),
        version,
        named_version: None,
        plaintext: SecretBytes::copy_from(plaintext),
        algorithm: String::new(),
        aad: Vec::new(),
        iv: Vec::new(),
        padding_mode: String::new(),
    }
}

pub(crate) fn data_key(key: &Key, version: VersionChoice, number_of_bytes: i32) -> GenerateDataKey {
    GenerateDataKey {
        rights: all_rights(),
        key: by_id(key),
        version,
        number_of_bytes,
        algorithm: String::new(),
        aad: Vec::new(),
    }
}

pub(crate) fn decrypt(source: DecryptSource, ciphertext: &[u8], iv: &[u8]) -> Decrypt {
    Decrypt {
        rights: all_rights(),
        source,
        ciphertext: ciphertext.to_vec(),
        aad: Vec::new(),
        algorithm: String::new(),
        iv: iv.to_vec(),
        padding_mode: String::new(),
        is_advance: false,
    }
}

/// Which parameter was refused.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> &'static str {
    match result {
        Err(ServiceError::MissingParameter(name) | ServiceError::InvalidParameter(name)) => name,
        other => panic!("not a refused parameter: {other:?}"),
    }
}
