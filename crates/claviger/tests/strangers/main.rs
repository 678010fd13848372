//! Who has no key: what such a caller can take, and what it is answered. Every test speaks to a server over a real socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod answers;
mod budget;
mod connections;
mod memory;
mod peer;
