//! Unverified callers: which resources they can take, and which answers they get. Every test uses a real socket.
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
