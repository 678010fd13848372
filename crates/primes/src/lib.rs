//! RSA keys from primes that are searched for here (FIPS 186-5 A.1.3; docs/keygen.md).
//!
//! [`Engine`] is the whole interface: it makes keys of one modulus length on the caller's thread. `search` runs the steps
//! of the standard, `filter` discards composites quickly, `confirm` accepts primes, and `key_numbers` turns two primes into
//! a key. AWS-LC makes every decision that accepts a prime or a key, so a fault in this crate's own arithmetic costs time
//! and never yields a bad key.
//!
//! Out of scope: what keys are for, who asks for them, threads and queues (`keygen`). `unsafe` code is confined to files
//! that allow it in their first lines.
//!
//! ```
//! use claviger_crypto::rsa::ModulusLength;
//! use claviger_primes::{Engine, EngineKind};
//!
//! let mut engine = Engine::new(EngineKind::Auto, ModulusLength::Bits2048)?;
//! // `next_key` asks its argument every few milliseconds whether to go on.
//! let key = engine.next_key(&mut || true)?.expect("the search was never interrupted");
//! assert_eq!(key.public_key.len(), 294);
//! # Ok::<(), claviger_primes::EngineError>(())
//! ```

mod confirm;
mod division;
mod draw;
mod encoded;
mod engine;
mod error;
mod filter;
mod gcd;
#[cfg(target_arch = "x86_64")]
mod kernel;
mod key_numbers;
mod library;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod pseudoprimes;
mod search;
mod small_primes;
mod square_of_r;
mod words;

pub use encoded::EncodedKey;
pub use engine::{Engine, EngineKind};
pub use error::EngineError;
