//! The command line against hostile texts, full disks, closed pipes and signals: what an operator reads is true, and nothing
//! is issued that nobody holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod client_keys;
mod fixture;
mod full_disk;
mod hints;
mod issued;
mod slow_answer;
mod terminal;
mod words;
