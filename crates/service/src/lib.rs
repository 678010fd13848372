//! Who may do what, then the doing: one file per operation; admission, cache, rotation, access.
//!
//! Both planes call the operations here with typed requests and get typed answers. What may never live here: HTTP,
//! sockets, wire encodings (`wire`, `server`), stored bytes (`vault`).

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
mod cpu_limiter;
mod data_key_pairs;
mod data_keys;
mod decrypt;
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
mod versions;

/// The generator's figures, for metrics.
pub use claviger_keygen::Figures as PairFigures;

pub use access::{Access, AccessRefusal, Caller, Invalidity, NonceLedger, Rights};
pub use access_keys::{AccessKeyChange, list_access_keys};
pub use access_rules::Listing;
pub use admission::{PairConcurrency, PairGate, PairPermit};
pub use aliases::AliasListing;
pub use bootstrap::{FirstStart, dev_alias, first_start};
pub use client_keys::{ClientKeyEnds, ClientKeyListing, IssueClientKey, IssuedClientKey};
pub use data_key_pairs::generate::{DataKeyPair, GenerateDataKeyPair, KeyFormat, VersionChoice};
pub use data_keys::{DataKey, GenerateDataKey};
pub use decrypt::{Decrypt, DecryptSource, Decrypted};
pub use encrypt::{Encrypt, Encrypted};
pub use error::{ACCESS_KEYS_MAX, ServiceError};
pub use hmac::Tagged;
pub use intent::Intent;
pub use iv_ledger::IvLimits;
pub use key_ref::{ArnAccounts, KeyRef, is_account};
pub use keys::create::CreateKey;
pub use keys::list::{KeyFilter, KeyListing, PageRequest};
pub use public_key::PublicKey;
pub use scheduler::Done;
pub use sealing::Remarks;
pub use secrets::{GetSecretValue, SecretValue};
pub use service::{Config, Service, UsePolicy};
pub use sign::{MessageType, Signed, Signing};
pub use trusted_clock::DestructionHold;
pub use versions::KeyVersionListing;
