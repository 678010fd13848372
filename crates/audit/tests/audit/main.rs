//! The audit log through its public interface: written, tampered with, killed, filled up and verified.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod child;
mod crash;
mod fixture;
mod forge;
mod full_disk;
mod length;
mod live;
mod open;
mod rewrite;
mod search;
mod stray;
mod tamper;
mod throughput;
