//! The command line with hostile texts, full disks, closed pipes and signals: its output is true, and no issued
//! credential is lost.
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
