//! Data key pair generation: RSA on threads of its own, EC at once.
//!
//! RSA primes are searched here (FIPS 186-5 A.1.3; docs/keygen.md) and accepted by AWS-LC alone. What may never live
//! here: what pairs are for, who asks for them, how they are wrapped; sockets and files.

mod confirm;
mod division;
mod draw;
mod ec;
mod engine;
mod filter;
mod gcd;
mod generator;
#[cfg(target_arch = "x86_64")]
mod kernel;
mod key_numbers;
mod library;
mod pair;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod pseudoprimes;
mod search;
mod small_primes;
mod solo;
mod square_of_r;
mod words;

pub use engine::EngineKind;
pub use generator::{Config, Generator, KeygenError};
pub use pair::{Pair, PairSpec};
pub use solo::SoloMaker;
