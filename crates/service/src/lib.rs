//! The operations of the key management service, without protocol: authentication, authorisation, keys and their use.
//!
//! `server` calls the operations with typed requests from both of its planes and gets typed results. This crate has no HTTP,
//! no sockets, no wire encodings (`wire`, `server`) and no storage format (`vault`).
//!
//! # Where things are
//!
//! * A file or folder per resource: `keys`, `versions`, `aliases`, `client_keys`, `access_keys`, `access_points`, `policies`,
//!   `network_rules`, `data_keys`, `data_key_pairs`, `secrets`.
//! * A file per cryptographic operation: `encrypt`, `decrypt`, `sign`, `hmac`, `public_key`, `random`. They share `sealing`
//!   (GCM), `asymmetric`, `key_material`, `version_choice` and `usage_warnings`.
//! * Authentication and authorisation: `access`.
//! * Limits: `admission` of data key pair requests, `cpu_limiter`, and `iv_ledger`, which counts encryptions.
//! * Changes: every operation commits through `commit`, with an [`Intent`] for the audit record; `outbox` keeps the records until
//!   the log has them, `caches` drops what a commit changed, `retry` repeats what conflicted.
//! * Work without a request: `scheduler` (rotation, destruction), `integrity_check`, `trusted_clock`.
//! * `bootstrap` initialises a new instance; `service` has the state that all operations share.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use claviger_base::Clock;
//! use claviger_keygen::Generator;
//! use claviger_model::KeySpec;
//! use claviger_service::{Config, CreateKey, Intent, KeyRef, Service, ServiceError, first_start};
//! use claviger_store::MemoryEngine;
//! use claviger_vault::{FileSeal, Vault};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let directory = tempfile::tempdir()?;
//! let root_key = FileSeal::create(&directory.path().join("root.key"))?;
//! let vault = Arc::new(Vault::create(Arc::new(MemoryEngine::default()), &root_key)?);
//! let clock = Clock::default();
//! first_start::<ServiceError>(&vault, &clock, |_credentials| Ok(()))?;
//! let generator = Generator::start(claviger_keygen::Config::default())?;
//! let service = Service::new(vault, clock, generator, Config::default())?;
//!
//! let request = CreateKey {
//!     spec: KeySpec::AliyunAes256,
//!     usage: None,
//!     description: String::new(),
//!     rotation_interval: None,
//!     creator: "example".to_owned(),
//! };
//! let key = service.create_key(request, &Intent::local("CreateKey")?)?;
//! service.disable_key(&KeyRef::Id(key.id), &Intent::local("DisableKey")?)?;
//! # Ok(())
//! # }
//! ```

mod access;
mod access_keys;
mod access_points;
mod access_rules;
mod admission;
mod aliases;
mod asymmetric;
mod bootstrap;
mod caches;
mod client_keys;
mod commit;
mod config;
mod cpu_limiter;
mod data_key_pairs;
mod data_keys;
mod decrypt;
mod description;
mod encrypt;
mod error;
mod hmac;
mod integrity_check;
mod intent;
mod iv_ledger;
mod key_material;
mod key_ref;
mod keys;
mod network_rules;
mod outbox;
mod paging;
mod policies;
mod public_key;
mod random;
mod retry;
mod scheduler;
mod sealing;
mod secrets;
mod service;
mod sign;
mod trusted_clock;
mod usage_warnings;
mod version_choice;
mod versions;

/// The pair generator's figures, for metrics.
pub use claviger_keygen::Figures as PairFigures;

pub use access::{Access, AccessRefusal, Caller, Invalidity, NonceLedger, Rights};
pub use access_keys::{AccessKeyChange, list_access_keys};
pub use admission::PairConcurrency;
pub use aliases::AliasListing;
pub use bootstrap::{FirstStart, dev_alias, first_start};
pub use client_keys::issue::{IssueClientKey, IssuedClientKey};
pub use client_keys::list::{ClientKeyListing, ExpiringClientKeys};
pub use config::{Config, UsePolicy};
pub use data_key_pairs::generate::{DataKeyPair, GenerateDataKeyPair};
pub use data_key_pairs::key_format::KeyFormat;
pub use data_keys::{DataKey, GenerateDataKey};
pub use decrypt::{Decrypt, DecryptSource, Decrypted};
pub use encrypt::{Encrypt, Encrypted};
pub use error::{ACCESS_KEYS_MAX, ServiceError};
pub use hmac::HmacTag;
pub use intent::Intent;
pub use iv_ledger::IvLimits;
pub use key_ref::{ArnAccounts, KeyRef, is_account};
pub use keys::create::CreateKey;
pub use keys::list::{KeyFilter, KeyListing};
pub use paging::{Listing, PageRequest};
pub use public_key::PublicKey;
pub use scheduler::Done;
pub use secrets::{GetSecretValue, SecretValue};
pub use service::Service;
pub use sign::{MessageType, Signed, Signing};
pub use trusted_clock::DestructionHold;
pub use usage_warnings::UsageWarnings;
pub use version_choice::VersionChoice;
pub use versions::KeyVersionListing;
