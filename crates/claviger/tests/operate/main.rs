//! Operating a production instance: `init` and its credentials, `serve --check`, signals, probes, permissions, access
//! keys. Each test names the defect that it was written for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod access_keys;
mod admin;
mod fixture;
mod init;
mod start;
