//! The operations over a whole service on a store in memory: what each answers and what each refuses, in which order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may stop at once"
)]

mod arns;
mod asymmetric;
mod damage;
mod data_keys;
mod decrypt;
mod descriptions;
mod encrypt;
mod fixture;
mod hazards;
mod outbox;
mod permissions;
