//! Fuzz targets: one for each decoder that faces the network.
//!
//! The invariants: no input panics; no input makes a decoder allocate more than its length permits; a decoded value is the
//! same after encoding and decoding it again. libFuzzer runs the targets in `cargo xtask test --slow` (stage `fuzz`).
//! `cargo test -p claviger-fuzz` replays the corpora, and so does `cargo test --workspace`, the stage `test`. Without either
//! option, `cargo test` in the root of the repository tests only the command line and replays nothing.

mod target;
mod targets;

pub use target::{Budget, Target};
pub use targets::{ALL, CLIENT_KEY_PASSWORD, KEYS, MESSAGES};
