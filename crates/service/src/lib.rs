//! Who may do what, then the doing: one file per operation; admission, cache, rotation, access.
//!
//! Both planes call the operations here with typed requests and get typed answers. What may never live here: HTTP,
//! sockets, wire encodings (`wire`, `server`), stored bytes (`vault`).

mod access;
mod bootstrap;
mod caches;
mod check;
mod commit;
mod due_dates;
mod error;
mod gate;
mod intent;
mod iv_uses;
mod key_material;
mod key_ref;
mod ops;
mod outbox;
mod remains;
mod retry;
mod rotate;
mod scheduler;
mod sealing;
mod service;
mod slow;
mod trusted_clock;

/// The generator's figures, for metrics.
pub use claviger_keygen::Figures as PairFigures;

pub use access::{Access, AccessRefusal, Caller, Invalidity, NonceLedger, Rights};
pub use bootstrap::{FirstStart, dev_alias, first_start};
pub use error::{ACCESS_KEYS_MAX, ServiceError};
pub use gate::{PairConcurrency, PairGate, PairPermit};
pub use intent::Intent;
pub use iv_uses::IvLimits;
pub use key_ref::{ArnAccounts, KeyRef, is_account};
pub use ops::access_keys::{AccessKeyChange, list_access_keys};
pub use ops::aliases::AliasListing;
pub use ops::client_keys::{ClientKeyEnds, ClientKeyListing, IssueClientKey, IssuedClientKey};
pub use ops::create_key::CreateKey;
pub use ops::decrypt::{Decrypt, DecryptSource, Decrypted};
pub use ops::encrypt::{Encrypt, Encrypted};
pub use ops::generate_data_key::{DataKey, GenerateDataKey};
pub use ops::generate_data_key_pair::{DataKeyPair, GenerateDataKeyPair, KeyFormat, VersionChoice};
pub use ops::grants::Listing;
pub use ops::hmac::Tagged;
pub use ops::key_versions::KeyVersionListing;
pub use ops::list_keys::{KeyFilter, KeyListing, PageRequest};
pub use ops::public_key::PublicKey;
pub use ops::secret_value::{GetSecretValue, SecretValue};
pub use ops::sign::{MessageType, Signed, Signing};
pub use scheduler::Done;
pub use sealing::Remarks;
pub use service::{Config, Service, UsePolicy};
pub use trusted_clock::DestructionHold;
