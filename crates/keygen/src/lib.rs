//! Data key pair generation: RSA on threads of its own and from a stock of ready pairs, EC at once.
//!
//! Where to look: `engine` makes RSA pairs, `extended` those of kinds beyond the API's, `stock` keeps ready ones in locked memory, `generator` decides who makes
//! what for whom. What may never live here: what pairs are for, who asks for them, how they are wrapped; sockets and
//! files. `unsafe` is confined to single files, each of which says so at its head.

mod ec;
mod engine;
mod error;
mod extended;
mod generator;
mod length;
mod locked;
mod pair;
mod priority;
mod stock;

pub use engine::EngineKind;
pub use error::KeygenError;
pub use extended::ExtendedSpec;
pub use generator::{Config, Figures, Generator, SpecFigures, StockSizes};
pub use pair::{Pair, PairSpec, UnseenPair};
