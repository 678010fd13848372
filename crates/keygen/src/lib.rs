//! Data key pair generation: RSA on threads of its own and from a stock of ready pairs, EC at once.
//!
//! RSA keys come from `claviger-primes`. Where to look: `extended` makes pairs of kinds beyond the API's, `stock` keeps ready RSA pairs in locked memory, `generator`
//! decides who makes what for whom. What may never live here: what pairs are for, who asks for them, how they are wrapped;
//! sockets and files. `unsafe` is confined to single files, each of which says so at its head.

mod ec;
mod error;
mod extended;
mod generator;
mod length;
mod locked;
mod pair;
mod priority;
mod solo;
mod stock;

pub use claviger_primes::EngineKind;
pub use extended::ExtendedSpec;
pub use generator::{Config, Figures, Generator, KeygenError, SpecFigures, StockSizes};
pub use pair::{Pair, PairSpec, UnseenPair};
pub use solo::SoloMaker;
