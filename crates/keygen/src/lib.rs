//! Data key pair generation: RSA on threads of its own and from a stock of ready pairs, EC at once.
//!
//! RSA primes are searched here (FIPS 186-5 A.1.3; docs/keygen.md) and accepted by AWS-LC alone. Where to look: `engine`
//! makes RSA pairs, `extended` those of kinds beyond the API's, `stock` keeps ready RSA pairs in locked memory, `generator`
//! decides who makes what for whom. What may never live here: what pairs are for, who asks for them, how they are wrapped;
//! sockets and files. `unsafe` is confined to single files, each of which says so at its head.

mod confirm;
mod division;
mod draw;
mod ec;
mod engine;
mod error;
mod extended;
mod filter;
mod gcd;
mod generator;
#[cfg(target_arch = "x86_64")]
mod kernel;
mod key_numbers;
mod length;
mod library;
mod locked;
mod pair;
#[cfg(test)]
mod plain;
mod priority;
#[cfg(test)]
mod pseudoprimes;
mod search;
mod small_primes;
mod solo;
mod square_of_r;
mod stock;
mod words;

pub use engine::EngineKind;
pub use extended::ExtendedSpec;
pub use generator::{Config, Figures, Generator, KeygenError, SpecFigures, StockSizes};
pub use pair::{Pair, PairSpec, UnseenPair};
pub use solo::SoloMaker;
