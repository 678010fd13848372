//! Data key pair generation: RSA pairs come from a stock of ready pairs or are made by threads of this crate; EC pairs are made
//! on request.
//!
//! [`Generator`] is the entry point. `generator` decides who makes what for whom, `stock` keeps ready RSA pairs in locked
//! memory, `snapshot` detects that memory was copied, `ec` and `extended` make pairs that are not RSA. RSA keys themselves
//! come from `claviger-primes`.
//!
//! Out of scope: prime arithmetic (`primes`), what pairs are for and how they are wrapped (`service`), sockets and files.
//! `unsafe` code is confined to files that allow it in their first lines.

mod config;
mod direct;
mod ec;
mod error;
mod extended;
mod generator;
mod length;
mod locked;
mod pair;
mod priority;
mod snapshot;
mod spec;
mod stock;
mod unclaimed;

pub use claviger_primes::EngineKind;
pub use config::{Config, StockSizes};
pub use direct::DirectGenerator;
pub use error::KeygenError;
pub use generator::Generator;
pub use generator::figures::{Figures, SpecFigures};
pub use pair::Pair;
pub use spec::{ExtendedSpec, PairSpec};
pub use unclaimed::UnclaimedPair;
