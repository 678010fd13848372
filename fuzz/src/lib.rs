//! Fuzz targets: one for each decoder that faces the network, and what every input must keep.
//!
//! The rules: no input panics; no input makes a decoder allocate more than its length allows; what decodes and is encoded again
//! is the same. Coverage-guided by libFuzzer in `cargo xtask test --slow` (stage `fuzz`); the corpora are replayed by every
//! `cargo test`.

mod target;
mod targets;

pub use target::{Budget, Target};
pub use targets::{ALL, CLIENT_KEY_PASSWORD, KEYS, MESSAGES};
