//! The basics that all crates share: identifiers, time, randomness, limits, secret bytes.
//!
//! Out of scope: rules (`model`), messages (`wire`), ciphers (`crypto`), anything that opens a file or a
//! socket. This crate depends on no other crate of the workspace.

pub mod clock;
pub mod duration;
pub mod id;
pub mod limits;
pub mod random;
pub mod secret;
pub mod time_source;
pub mod timestamp;

pub use clock::Clock;
pub use secret::SecretBytes;
pub use timestamp::Timestamp;
