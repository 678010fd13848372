//! Data key pair generation: RSA on threads of its own, EC at once.
//!
//! RSA pairs come from AWS-LC (FIPS 186-5 A.1.3) through `claviger_crypto`. What may never live here: what pairs are
//! for, who asks for them, how they are wrapped; sockets and files.

mod ec;
mod generator;
mod pair;

pub use generator::{Config, Generator, KeygenError};
pub use pair::{Pair, PairSpec};
